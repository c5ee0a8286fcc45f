#include "tests/fuzz/fuzz.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__)
#define QUOIT_HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define QUOIT_HAS_ASAN 1
#endif
#endif

#ifdef QUOIT_HAS_ASAN
#include <sanitizer/allocator_interface.h>
#else
#include <malloc.h>
#include <new>
#endif

namespace quoit::fuzz {

namespace {

thread_local std::int64_t heldBytes = 0;
thread_local std::int64_t heldBytesMax = 0;

void noteTaken(std::size_t byteCount)
{
    heldBytes += static_cast<std::int64_t>(byteCount);
    heldBytesMax = std::max(heldBytesMax, heldBytes);
}

void noteReturned(std::size_t byteCount)
{
    heldBytes -= static_cast<std::int64_t>(byteCount);
}

#ifdef QUOIT_HAS_ASAN
/// The sanitizer's own operator new must stay: it checks more than ours would.
[[maybe_unused]] const int hooksInstalled = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t byteCount) { noteTaken(byteCount); },
    [](const volatile void* memory) { noteReturned(__sanitizer_get_allocated_size(memory)); });
#endif

} // namespace

MemoryMeter::MemoryMeter()
    : m_before(heldBytes)
{
    heldBytesMax = heldBytes;
}

std::size_t MemoryMeter::peakBytes() const
{
    return static_cast<std::size_t>(heldBytesMax - m_before);
}

std::string_view Input::take(std::size_t byteCount)
{
    const std::string_view taken = m_rest.substr(0, byteCount);
    m_rest.remove_prefix(taken.size());
    return taken;
}

std::uint64_t Input::number(std::size_t byteCount)
{
    std::uint64_t value = 0;
    int shift = 0;
    for (const char byte : take(byteCount)) {
        value |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(byte)) << shift;
        shift += 8;
    }
    return value;
}

void failed(const char* condition, const char* file, int line)
{
    std::fprintf(stderr, "%s:%d: doesn't hold: %s\n", file, line, condition);
    std::abort();
}

std::vector<std::string> linesOf(std::string_view text)
{
    std::vector<std::string> lines;
    for (std::size_t end; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1))
        lines.emplace_back(text.substr(0, end));
    lines.emplace_back(text);
    return lines;
}

} // namespace quoit::fuzz

#ifndef QUOIT_HAS_ASAN
// Replaced for the whole program, so that the meter sees all of them. What isn't replaced here ends up here, but for
// aligned memory, which isn't counted.
void* operator new(std::size_t byteCount)
{
    void* const memory = std::malloc(byteCount);
    if (!memory)
        throw std::bad_alloc();
    quoit::fuzz::noteTaken(malloc_usable_size(memory));
    return memory;
}

void operator delete(void* memory) noexcept
{
    if (memory)
        quoit::fuzz::noteReturned(malloc_usable_size(memory));
    std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept
{
    operator delete(memory);
}
#endif
