#include "tests/cluster/held_file.h"

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <vector>

#include <unistd.h>

namespace quoit::test {

namespace {

constexpr std::int64_t faultsAgeMaxMs = 10;

std::int64_t nowMs()
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

} // namespace

DiskFaults readDiskFaults(const std::string& fileName)
{
    DiskFaults faults;
    std::ifstream file(fileName);
    std::string name;
    for (int value = 0; file >> name >> value;) {
        if (name == "sync-delay-ms")
            faults.syncDelayMs = value;
        else if (name == "sync-fails")
            faults.syncFails = value != 0;
        else if (name == "full")
            faults.isFull = value != 0;
        else if (name == "leak-permille")
            faults.leakPermille = value;
    }
    return faults;
}

HeldFile::HeldFile(const std::string& name, std::int64_t byteCount)
    : m_faultsName(name.substr(0, name.rfind('/') + 1) + "faults")
    , m_byteCount(byteCount)
    , m_diskBytes(byteCount)
    , m_random(static_cast<std::uint64_t>(::getpid()))
{}

DiskFaults HeldFile::faults()
{
    const std::lock_guard lock(m_mutex);
    const std::int64_t now = nowMs();
    if (now - m_faultsReadMs > faultsAgeMaxMs) {
        m_faultsReadMs = now;
        m_faults = readDiskFaults(m_faultsName);
    }
    return m_faults;
}

int HeldFile::readDisk(sqlite3_file* real, char* to, std::int64_t count, std::int64_t at) const
{
    const std::int64_t there = std::clamp<std::int64_t>(m_diskBytes - at, 0, count);
    std::memset(to + there, 0, static_cast<std::size_t>(count - there));
    if (there == 0)
        return SQLITE_OK;
    const int code = real->pMethods->xRead(real, to, static_cast<int>(there), at);
    return code == SQLITE_IOERR_SHORT_READ ? SQLITE_OK : code;
}

int HeldFile::read(sqlite3_file* real, char* to, int count, std::int64_t at)
{
    const std::lock_guard lock(m_mutex);
    const std::int64_t end = std::min(at + count, m_byteCount);
    for (std::int64_t place = at; place < end;) {
        const std::int64_t index = place / blockBytes;
        const std::int64_t part = std::min(end, (index + 1) * blockBytes) - place;
        if (const auto found = m_blocks.find(index); found != m_blocks.end())
            std::memcpy(to + (place - at), found->second.bytes.data() + (place - index * blockBytes),
                        static_cast<std::size_t>(part));
        else if (const int code = readDisk(real, to + (place - at), part, place); code != SQLITE_OK)
            return code;
        place += part;
    }
    const std::int64_t missing = at + count - std::max(at, end);
    std::memset(to + (count - missing), 0, static_cast<std::size_t>(missing));
    return missing > 0 ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

HeldFile::Block& HeldFile::blockAt(sqlite3_file* real, std::int64_t index)
{
    const auto [place, isNew] = m_blocks.try_emplace(index);
    if (isNew)
        readDisk(real, place->second.bytes.data(), blockBytes, index * blockBytes);
    place->second.isDirty = true;
    return place->second;
}

int HeldFile::write(sqlite3_file* real, const char* bytes, int count, std::int64_t at)
{
    const DiskFaults wanted = faults();
    const std::lock_guard lock(m_mutex);
    if (wanted.isFull)
        return SQLITE_FULL;
    for (std::int64_t place = at; place < at + count;) {
        const std::int64_t index = place / blockBytes;
        const std::int64_t part = std::min(at + count, (index + 1) * blockBytes) - place;
        std::memcpy(blockAt(real, index).bytes.data() + (place - index * blockBytes), bytes + (place - at),
                    static_cast<std::size_t>(part));
        place += part;
    }
    m_byteCount = std::max(m_byteCount, at + count);
    if (m_random.below(1000) < static_cast<std::uint64_t>(wanted.leakPermille))
        leak(real, bytes, count, at);
    return SQLITE_OK;
}

/// A system may write anything at any time, and power may go while a sector is written.
void HeldFile::leak(sqlite3_file* real, const char* bytes, int count, std::int64_t at)
{
    const int part = m_random.chance(0.5) ? count : static_cast<int>(m_random.below(static_cast<std::uint64_t>(count)));
    if (part > 0 && truncateDisk(real) == SQLITE_OK && real->pMethods->xWrite(real, bytes, part, at) == SQLITE_OK)
        m_diskBytes = std::max(m_diskBytes, at + part);
}

/// Else bytes behind a truncation would come back to life.
int HeldFile::truncateDisk(sqlite3_file* real) const
{
    sqlite3_int64 onDisk = 0;
    const int code = real->pMethods->xFileSize(real, &onDisk);
    return code == SQLITE_OK && onDisk > m_diskBytes ? real->pMethods->xTruncate(real, m_diskBytes) : code;
}

void HeldFile::truncate(std::int64_t byteCount)
{
    const std::lock_guard lock(m_mutex);
    m_byteCount = byteCount;
    m_diskBytes = std::min(m_diskBytes, byteCount);
    m_blocks.erase(m_blocks.lower_bound((byteCount + blockBytes - 1) / blockBytes), m_blocks.end());
    if (const auto last = m_blocks.find(byteCount / blockBytes); last != m_blocks.end())
        std::fill(last->second.bytes.begin() + byteCount % blockBytes, last->second.bytes.end(), '\0');
}

std::int64_t HeldFile::byteCount()
{
    const std::lock_guard lock(m_mutex);
    return m_byteCount;
}

int HeldFile::writeBack(sqlite3_file* real)
{
    const std::lock_guard lock(m_mutex);
    int code = truncateDisk(real);
    std::vector<std::int64_t> order;
    for (const auto& [index, block] : m_blocks)
        if (block.isDirty)
            order.push_back(index);
    for (std::size_t i = order.size(); i > 1; --i)
        std::swap(order[i - 1], order[m_random.below(i)]);
    for (std::size_t i = 0; code == SQLITE_OK && i < order.size(); ++i) {
        const std::int64_t at = order[i] * blockBytes;
        const std::int64_t part = std::min(blockBytes, m_byteCount - at);
        code = real->pMethods->xWrite(real, m_blocks.at(order[i]).bytes.data(), static_cast<int>(part), at);
        if (code != SQLITE_OK)
            break;
        m_diskBytes = std::max(m_diskBytes, at + part);
        m_blocks.erase(order[i]);
    }
    return code;
}

void HeldFile::failSync()
{
    const std::lock_guard lock(m_mutex);
    for (auto& [index, block] : m_blocks)
        block.isDirty = false;
}

} // namespace quoit::test
