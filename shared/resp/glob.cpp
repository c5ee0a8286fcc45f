#include "shared/resp/glob.h"

#include <algorithm>

namespace quoit {

namespace {

/// Matches the class that begins behind a '[' at `at`, and moves `at` behind it.
bool matchClass(std::string_view pattern, std::size_t& at, unsigned char c)
{
    const auto byteAt = [pattern](std::size_t index) { return static_cast<unsigned char>(pattern[index]); };
    const bool inverted = at < pattern.size() && pattern[at] == '^';
    if (inverted)
        ++at;
    bool match = false;
    while (at < pattern.size() && pattern[at] != ']') {
        const std::size_t left = pattern.size() - at;
        if (pattern[at] == '\\' && left >= 2) {
            ++at;
            match |= byteAt(at) == c;
        } else if (left >= 3 && pattern[at + 1] == '-') {
            const auto [low, high] = std::minmax({byteAt(at), byteAt(at + 2)});
            match |= low <= c && c <= high;
            at += 2;
        } else {
            match |= byteAt(at) == c;
        }
        ++at;
    }
    if (at < pattern.size())
        ++at; // the ']'
    return match != inverted;
}

/// Matches one character against the pattern's item at `at`, which isn't a '*', and moves `at` behind it.
bool matchItem(std::string_view pattern, std::size_t& at, char c)
{
    switch (pattern[at]) {
    case '?':
        ++at;
        return true;
    case '[':
        ++at;
        return matchClass(pattern, at, static_cast<unsigned char>(c));
    case '\\':
        if (at + 1 < pattern.size())
            ++at;
        break;
    default:
        break;
    }
    return pattern[at++] == c;
}

} // namespace

bool globMatches(std::string_view pattern, std::string_view text)
{
    std::size_t p = 0;
    std::size_t t = 0;
    // Where to resume after a mismatch: only the last '*' ever needs to take more, since what stands before it has
    // matched as early as possible.
    std::size_t resumePattern = std::string_view::npos;
    std::size_t resumeText = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            resumePattern = ++p;
            resumeText = t;
            continue;
        }
        if (p < pattern.size() && matchItem(pattern, p, text[t])) {
            ++t;
            continue;
        }
        if (resumePattern == std::string_view::npos)
            return false;
        p = resumePattern;
        t = ++resumeText;
    }
    while (p < pattern.size() && pattern[p] == '*')
        ++p;
    return p == pattern.size();
}

std::string literalPrefix(std::string_view pattern)
{
    std::string prefix;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i];
        if (c == '*' || c == '?' || c == '[')
            break;
        if (c == '\\' && i + 1 < pattern.size())
            ++i;
        prefix.push_back(pattern[i]);
    }
    return prefix;
}

} // namespace quoit
