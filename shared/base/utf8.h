// shared/base/utf8.h - UTF-8, one code point at a time, strictly. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace quoit {

/// The code point at the front of a text that isn't empty.
/// @return its bytes, 1 … 4; 0 if they aren't UTF-8 (cut short, overlong, a surrogate), and codePoint means nothing
std::size_t decodeUtf8(std::string_view bytes, char32_t& codePoint);

/// C0, DEL and C1: what a terminal or a text field would act on instead of showing it.
bool isControlCode(char32_t codePoint);

} // namespace quoit
