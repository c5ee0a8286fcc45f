// node/app/allocator.h - what this process has allocated, as its allocator knows it.
#pragma once

#include <cstdint>
#include <string>

namespace quoit {

/// Bytes that the calling thread has allocated and not freed; glibc: all threads. The main thread holds everything but
/// SQLite's page caches and what is on its way to the disk. A tenth of a millisecond for half a gigabyte.
std::uint64_t allocatedBytes();
/// "mimalloc-2.0.9", "libc"
std::string allocatorName();

} // namespace quoit
