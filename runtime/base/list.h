// Intrusive singly linked lists: the link lives in the element, so no list operation allocates.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "runtime/base/nosplit.h"

namespace throwsplit {

// Last in, first out. `Link` names the member that holds the next element.
template <typename T, T* T::* Link>
class LifoList {
 public:
  bool empty() const { return head_ == nullptr; }
  T* head() const { return head_; }
  void push(T* item) {
    item->*Link = head_;
    head_ = item;
  }
  T* pop() {
    T* item = head_;
    if (item != nullptr) {
      head_ = item->*Link;
      item->*Link = nullptr;
    }
    return item;
  }

 private:
  T* head_ = nullptr;
};

// First in, first out, with its length.
template <typename T, T* T::* Link>
class Queue {
 public:
  bool empty() const { return head_ == nullptr; }
  uint32_t count() const { return count_; }
  T* head() const { return head_; }
  void push_back(T* item) {
    item->*Link = nullptr;
    if (tail_ == nullptr) {
      head_ = item;
    } else {
      tail_->*Link = item;
    }
    tail_ = item;
    count_++;
  }
  void push_front(T* item) {
    item->*Link = head_;
    head_ = item;
    if (tail_ == nullptr) tail_ = item;
    count_++;
  }
  T* pop_front() {
    T* item = head_;
    if (item == nullptr) return nullptr;
    head_ = item->*Link;
    if (head_ == nullptr) tail_ = nullptr;
    item->*Link = nullptr;
    count_--;
    return item;
  }

 private:
  T* head_ = nullptr;
  T* tail_ = nullptr;
  uint32_t count_ = 0;
};

}  // namespace throwsplit
