// Fuzzes the patterns of KEYS and SCAN: shared/resp/glob, against another way to say what they mean.
// Input: a pattern, a line end, a text.
#include "shared/resp/glob.h"
#include "tests/fuzz/fuzz.h"

#include <bitset>
#include <utility>

using namespace quoit;

namespace {

/// One character of a text, or any number of them.
struct Item
{
    bool isStar = false;
    std::bitset<256> accepts;
};

unsigned char byteOf(char c)
{
    return static_cast<unsigned char>(c);
}

/// The class behind a '['. @return how many bytes of the pattern it takes
std::size_t readClass(std::string_view pattern, std::bitset<256>& accepts)
{
    std::size_t at = 0;
    const bool inverted = pattern.starts_with('^');
    at += inverted;
    for (; at < pattern.size() && pattern[at] != ']'; ++at) {
        unsigned low = byteOf(pattern[at]);
        unsigned high = low;
        if (pattern[at] == '\\' && at + 1 < pattern.size()) {
            low = high = byteOf(pattern[++at]);
        } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
            high = byteOf(pattern[at += 2]);
        }
        for (unsigned c = std::min(low, high); c <= std::max(low, high); ++c)
            accepts.set(c);
    }
    if (inverted)
        accepts.flip();
    return at + (at < pattern.size());
}

std::vector<Item> itemsOf(std::string_view pattern)
{
    std::vector<Item> items;
    while (!pattern.empty()) {
        Item item;
        char c = pattern.front();
        pattern.remove_prefix(1);
        if (c == '*') {
            item.isStar = true;
        } else if (c == '?') {
            item.accepts.set();
        } else if (c == '[') {
            pattern.remove_prefix(readClass(pattern, item.accepts));
        } else {
            if (c == '\\' && !pattern.empty()) {
                c = pattern.front();
                pattern.remove_prefix(1);
            }
            item.accepts.set(byteOf(c));
        }
        items.push_back(item);
    }
    return items;
}

/// By the table of all prefixes.
bool matchesByTable(std::string_view pattern, std::string_view text)
{
    std::vector<bool> reachable(text.size() + 1, false);
    reachable[0] = true;
    for (const Item& item : itemsOf(pattern)) {
        std::vector<bool> next(text.size() + 1, false);
        for (std::size_t i = 0; i <= text.size(); ++i) {
            if (item.isStar)
                next[i] = reachable[i] || (i > 0 && next[i - 1]);
            else
                next[i] = i > 0 && reachable[i - 1] && item.accepts.test(byteOf(text[i - 1]));
        }
        reachable = std::move(next);
    }
    return reachable[text.size()];
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t byteCount)
{
    const std::string_view input = fuzz::Input(data, byteCount).rest().substr(0, 1024);
    const std::size_t end = std::min(input.find('\n'), input.size());
    const std::string_view pattern = input.substr(0, end);
    const std::string_view text = input.substr(std::min(end + 1, input.size()));

    const bool matches = globMatches(pattern, text);
    FUZZ_CHECK(matches == matchesByTable(pattern, text));
    FUZZ_CHECK(!matches || text.starts_with(literalPrefix(pattern)));
    std::string literally;
    for (const char c : text)
        literally.append(1, '\\').append(1, c);
    FUZZ_CHECK(globMatches(literally, text));
    FUZZ_CHECK(literalPrefix(literally) == text);
    FUZZ_CHECK(globMatches("*" + literally + "*", text));
    return 0;
}
