// The flavour of this object file: hooks compiled out (plain) or in (hooked).
// SPDX-License-Identifier: Apache-2.0
//
// Every runtime name lives in `throwsplit::<flavour>`, an inline namespace, and every assembly
// symbol carries the flavour in its name: objects of two flavours do not link into one program.
#pragma once

#ifndef THROWSPLIT_HOOKS
#define THROWSPLIT_HOOKS 0
#endif

#ifndef THROWSPLIT_FLAVOUR
#if THROWSPLIT_HOOKS
#define THROWSPLIT_FLAVOUR hooked
#else
#define THROWSPLIT_FLAVOUR plain
#endif
#endif

#define THROWSPLIT_PASTE_(a, b, c) a##b##c
#define THROWSPLIT_PASTE(a, b, c) THROWSPLIT_PASTE_(a, b, c)
#define THROWSPLIT_TEXT_(x) #x
#define THROWSPLIT_TEXT(x) THROWSPLIT_TEXT_(x)

// The assembly name of `name` in this flavour: throwsplit_plain_gogo, throwsplit_hooked_gogo.
#ifdef __ASSEMBLER__
#define SYM(name) THROWSPLIT_PASTE(throwsplit_, THROWSPLIT_FLAVOUR, _##name)
#else
#define ASM_NAME(name) asm("throwsplit_" THROWSPLIT_TEXT(THROWSPLIT_FLAVOUR) "_" #name)
#endif
