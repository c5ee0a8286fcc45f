// node/app/memory_limit.h - how much memory this process may use.
#pragma once

#include <cstdint>

namespace quoit {

/// The machine's, or its control group's limit if that is less.
std::uint64_t usableMemoryBytes();

} // namespace quoit
