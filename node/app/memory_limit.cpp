#include "node/app/memory_limit.h"

#include "shared/resp/numbers.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>
#include <unistd.h>

namespace quoit {

namespace {

/// A limit in a file of the control group; nothing if there is none.
std::optional<std::uint64_t> limitIn(const std::string& path)
{
    std::ifstream file(path);
    std::string text;
    if (!(file >> text))
        return std::nullopt;
    const std::optional<std::int64_t> limit = parseInteger(text);
    return limit && *limit > 0 ? std::optional(static_cast<std::uint64_t>(*limit)) : std::nullopt;
}

/// The lowest limit on the way from this process' control group to the root; version 2, then version 1.
std::uint64_t memoryLimit(std::uint64_t machineBytes)
{
    std::uint64_t lowest = machineBytes;
    std::ifstream groups("/proc/self/cgroup");
    for (std::string line; std::getline(groups, line);) {
        const std::size_t first = line.find(':');
        const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos)
            continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        if (!controllers.empty() && controllers != "memory")
            continue;
        const std::string root = controllers.empty() ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
        const std::string file = controllers.empty() ? "/memory.max" : "/memory.limit_in_bytes";
        for (std::string group = line.substr(second + 1); !group.empty(); group.erase(group.rfind('/')))
            if (const auto limit = limitIn(root + (group == "/" ? "" : group) + file))
                lowest = std::min(lowest, *limit);
    }
    return lowest;
}

} // namespace

std::uint64_t usableMemoryBytes()
{
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long pageBytes = sysconf(_SC_PAGESIZE);
    if (pages <= 0 || pageBytes <= 0)
        return std::uint64_t(256) << 20;
    return memoryLimit(static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(pageBytes));
}

} // namespace quoit
