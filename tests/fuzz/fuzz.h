// tests/fuzz/fuzz.h - what the fuzz targets share: an input taken apart, streams cut into chunks, checks, and a meter
// for memory. Each target is one function, built by clang as a fuzzer and by every build into test_fuzz_corpus.
// Design: tests/fuzz/README.md.
#pragma once

#include "shared/base/random.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quoit::fuzz {

/// Takes values off the front of an input, and zeros once it is used up. Borrows the bytes.
class Input
{
public:
    Input(const std::uint8_t* data, std::size_t byteCount)
        : m_rest(reinterpret_cast<const char*>(data), byteCount)
    {}

    std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
    std::uint64_t u64() { return number(8); }
    /// As many bytes as the next byte says, or as there are.
    std::string_view text() { return take(u8()); }
    std::string_view rest() { return take(m_rest.size()); }

private:
    std::string_view take(std::size_t byteCount);
    std::uint64_t number(std::size_t byteCount);

    std::string_view m_rest;
};

/// Ends the process with the condition and its place, unless it holds. The input is then a finding.
[[noreturn]] void failed(const char* condition, const char* file, int line);

/// [n] lines without their line ends; the last one may be empty.
std::vector<std::string> linesOf(std::string_view text);

/// Calls feed(chunk) for one piece after the other. @param pattern which of 256 ways to cut; 0: every byte for itself
template <typename Feed>
void inChunks(std::string_view bytes, std::uint8_t pattern, Feed feed)
{
    Random random(pattern);
    while (!bytes.empty()) {
        const std::uint64_t largest = pattern == 0 ? 1 : std::uint64_t(1) << random.below(9);
        const std::string_view chunk = bytes.substr(0, 1 + random.below(largest));
        feed(chunk);
        bytes.remove_prefix(chunk.size());
    }
}

/// Bytes of the heap that this thread took since the meter was made, and didn't give back, at their highest.
/// One at a time.
class MemoryMeter
{
public:
    MemoryMeter();
    std::size_t peakBytes() const;

private:
    std::int64_t m_before;
};

} // namespace quoit::fuzz

#define FUZZ_CHECK(condition)                                                                                          \
    do {                                                                                                               \
        if (!(condition)) [[unlikely]]                                                                                 \
            ::quoit::fuzz::failed(#condition, __FILE__, __LINE__);                                                     \
    } while (false)

/// What libFuzzer calls. @return 0
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t byteCount);
