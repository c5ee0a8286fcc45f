// shared/resp/glob.h - the patterns of KEYS, SCAN MATCH and CONFIG GET.
#pragma once

#include <string>
#include <string_view>

namespace quoit {

/// True if the whole text matches: `*`, `?`, `[abc]`, `[a-z]`, `[^a]`, `\` before a character that means itself.
/// Odd patterns (an unclosed `[`, a range such as `[z-a]` or `[a-]`) mean what they mean in Redis; bytes compare
/// unsigned. Takes at most |pattern| × |text| steps. Source: stringmatchlen() of Redis 7, without its recursion; unlike
/// there, a pattern of several `*` matches the empty text too.
bool globMatches(std::string_view pattern, std::string_view text);

/// What every text that matches begins with: the pattern up to its first `*`, `?` or `[`, escapes resolved.
std::string literalPrefix(std::string_view pattern);

} // namespace quoit
