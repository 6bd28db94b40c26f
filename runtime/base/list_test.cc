// Broken if this fails: a queue of the scheduler loses or repeats an element.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/list.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace throwsplit {
namespace {

struct Item {
  Item* link = nullptr;
};

TEST(LifoList, LastInIsFirstOut) {
  LifoList<Item, &Item::link> list;
  Item items[3];
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.pop(), nullptr);
  for (Item& item : items)
    list.push(&item);
  EXPECT_FALSE(list.empty());
  EXPECT_EQ(list.head(), &items[2]);
  EXPECT_EQ(list.pop(), &items[2]);
  EXPECT_EQ(items[2].link, nullptr) << "an element off the list links to it";
  EXPECT_EQ(list.pop(), &items[1]);
  EXPECT_EQ(list.pop(), &items[0]);
  EXPECT_EQ(list.pop(), nullptr);
  EXPECT_TRUE(list.empty());
}

// A long walk of random operations beside a queue of the standard library.
TEST(Queue, BehavesAsADeque) {
  constexpr size_t kItems = 20;
  Queue<Item, &Item::link> queue;
  std::deque<Item*> model;
  Item items[kItems];
  std::deque<Item*> off;
  for (Item& item : items)
    off.push_back(&item);
  std::mt19937 random(1);
  for (int step = 0; step < 20000; step++) {
    unsigned kind = random() % 3;
    if (kind == 2 || off.empty()) {
      Item* item = queue.pop_front();
      ASSERT_EQ(item, model.empty() ? nullptr : model.front());
      if (item == nullptr) continue;
      ASSERT_EQ(item->link, nullptr);
      model.pop_front();
      off.push_back(item);
    } else {
      Item* item = off.front();
      off.pop_front();
      if (kind == 0) {
        queue.push_back(item);
        model.push_back(item);
      } else {
        queue.push_front(item);
        model.push_front(item);
      }
    }
    ASSERT_EQ(queue.count(), model.size());
    ASSERT_EQ(queue.empty(), model.empty());
    ASSERT_EQ(queue.head(), model.empty() ? nullptr : model.front());
  }
}

}  // namespace
}  // namespace throwsplit
