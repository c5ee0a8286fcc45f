#include "tests/sim/memory_disk.h"

#include "shared/base/result.h"
#include "tests/sim/memory_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>

namespace quoit::sim {

namespace {

constexpr std::uint64_t sectorBytes = 512;
constexpr int zerosSkipped = 10; ///< in search of a byte to damage

void put(std::string& content, const char* from, std::uint64_t count, std::uint64_t at)
{
    if (content.size() < at + count)
        content.resize(at + count);
    std::memcpy(content.data() + at, from, count);
}

void apply(std::string& content, const DiskFile::Change& change, const char* written)
{
    if (change.truncation)
        content.resize(std::min<std::uint64_t>(content.size(), change.at));
    else
        put(content, written, change.count, change.at);
}

void forgetChanges(DiskFile& file)
{
    file.changes.clear();
    file.written.clear();
}

/// What a failing call is worth; negative numbers last for ever.
bool take(int& failures)
{
    if (failures == 0)
        return false;
    if (failures > 0)
        --failures;
    return true;
}

} // namespace

MemoryDisk::MemoryDisk(std::string name, std::uint64_t seed)
    : m_name(std::move(name))
    , m_random(seed)
{
    registerDisk(*this);
}

MemoryDisk::~MemoryDisk()
{
    unregisterDisk(*this);
}

void MemoryDisk::kill()
{
    ++m_life;
    m_dead = false;
    m_crashAt = 0;
    for (auto& [name, entry] : m_entries) {
        if (entry.now)
            entry.now->locks.reset();
    }
}

void MemoryDisk::powerLoss(Random& random, PowerLoss style)
{
    kill();
    for (auto place = m_entries.begin(); place != m_entries.end();) {
        Entry& entry = place->second;
        const bool renewed = entry.now != entry.synced && style != PowerLoss::Nothing && random.chance(0.5);
        std::shared_ptr<DiskFile> left = renewed ? entry.now : entry.synced;
        if (!left) {
            place = m_entries.erase(place);
            continue;
        }
        left->locks.reset();
        lose(*left, random, style);
        entry = {left, left};
        ++place;
    }
}

void MemoryDisk::lose(DiskFile& file, Random& random, PowerLoss style)
{
    const std::uint64_t kept = style == PowerLoss::Prefix ? random.below(file.changes.size() + 1) : file.changes.size();
    const double survival = random.unit();
    const char* written = file.written.data();
    for (std::uint64_t i = 0; i < file.changes.size(); ++i) {
        const DiskFile::Change& change = file.changes[i];
        bool survives = style != PowerLoss::Nothing && i < kept;
        if (style == PowerLoss::Subset || style == PowerLoss::Torn)
            survives = random.chance(survival);
        const bool torn = style == PowerLoss::Torn && !change.truncation && random.chance(0.3);
        if (torn) {
            std::uint64_t from = 0;
            while (from < change.count) {
                const std::uint64_t sectorEnd = ((change.at + from) / sectorBytes + 1) * sectorBytes;
                const std::uint64_t to = std::min(change.count, sectorEnd - change.at);
                if (random.chance(0.5))
                    put(file.synced, written + from, to - from, change.at + from);
                from = to;
            }
            ++m_counters.tornWrites;
        } else if (survives) {
            apply(file.synced, change, written);
        } else {
            ++m_counters.lostWrites;
        }
        written += change.count;
    }
    file.bytes = file.synced;
    forgetChanges(file);
}

void MemoryDisk::crashAfter(std::uint64_t operations, CrashSide side)
{
    QUOIT_ENSURE(operations > 0);
    m_crashAt = m_counters.operations + operations;
    m_crashSide = side;
}

/// @return false if the operation mustn't take effect
bool MemoryDisk::begin()
{
    if (m_dead)
        return false;
    const bool last = ++m_counters.operations == m_crashAt;
    m_dead = last;
    return !last || m_crashSide == CrashSide::After;
}

MemoryDisk::Image MemoryDisk::snapshot() const
{
    Image image;
    for (const auto& [name, entry] : m_entries) {
        if (entry.now)
            image.files[name] = entry.now->bytes;
    }
    return image;
}

void MemoryDisk::restore(const Image& image)
{
    kill();
    m_entries.clear();
    for (const auto& [name, bytes] : image.files) {
        auto file = std::make_shared<DiskFile>();
        file->bytes = bytes;
        file->synced = bytes;
        m_entries[name] = {file, file};
    }
}

bool MemoryDisk::flipBit(const std::string& file, std::uint64_t byte, int bit)
{
    const auto place = m_entries.find(file);
    if (place == m_entries.end() || !place->second.now || byte >= place->second.now->bytes.size())
        return false;
    const char mask = static_cast<char>(1 << bit);
    DiskFile& damaged = *place->second.now;
    damaged.bytes[byte] ^= mask;
    if (byte < damaged.synced.size())
        damaged.synced[byte] ^= mask;
    ++m_counters.flippedBits;
    return true;
}

std::string MemoryDisk::flipBit(Random& random, const std::string& file)
{
    std::vector<std::pair<const std::string*, std::uint64_t>> files; // name, bytes
    std::uint64_t total = 0;
    for (const auto& [name, entry] : m_entries) {
        if (!entry.now || (!file.empty() && name != file))
            continue;
        files.emplace_back(&name, entry.now->bytes.size());
        total += entry.now->bytes.size();
    }
    if (total == 0)
        return {};
    for (int attempt = 1;; ++attempt) {
        std::uint64_t byte = random.below(total);
        std::size_t place = 0;
        while (byte >= files[place].second)
            byte -= files[place++].second;
        const std::string& name = *files[place].first;
        if (attempt < zerosSkipped && m_entries[name].now->bytes[byte] == 0)
            continue;
        const int bit = static_cast<int>(random.below(8));
        flipBit(name, byte, bit);
        return name + ':' + std::to_string(byte) + ':' + std::to_string(bit);
    }
}

std::uint64_t MemoryDisk::fileBytes(const std::string& file) const
{
    const auto place = m_entries.find(file);
    return place != m_entries.end() && place->second.now ? place->second.now->bytes.size() : 0;
}

std::uint64_t MemoryDisk::bytes() const
{
    std::uint64_t total = 0;
    for (const auto& [name, entry] : m_entries)
        total += entry.now ? entry.now->bytes.size() : 0;
    return total;
}

bool MemoryDisk::exists(const std::string& file) const
{
    const auto place = m_entries.find(file);
    return place != m_entries.end() && place->second.now;
}

std::shared_ptr<DiskFile> MemoryDisk::open(const std::string& file, bool create)
{
    if (m_dead)
        return nullptr;
    if (!create)
        return exists(file) ? m_entries[file].now : nullptr;
    Entry& entry = m_entries[file];
    if (!entry.now)
        entry.now = std::make_shared<DiskFile>();
    return entry.now;
}

int MemoryDisk::remove(const std::string& file, bool syncedAfter)
{
    if (!begin())
        return SQLITE_IOERR_DELETE;
    const auto place = m_entries.find(file);
    if (place == m_entries.end() || !place->second.now)
        return m_dead ? SQLITE_IOERR_DELETE : SQLITE_IOERR_DELETE_NOENT;
    place->second.now.reset();
    if (syncedAfter)
        syncDirectory();
    return m_dead ? SQLITE_IOERR_DELETE : SQLITE_OK;
}

int MemoryDisk::read(const DiskFile& file, char* to, std::uint64_t count, std::uint64_t at)
{
    if (m_dead)
        return SQLITE_IOERR_READ;
    ++m_counters.reads;
    if (take(m_faults.failingReads)) {
        ++m_counters.failedReads;
        return SQLITE_IOERR_READ;
    }
    const std::uint64_t there = at < file.bytes.size() ? std::min<std::uint64_t>(count, file.bytes.size() - at) : 0;
    if (there > 0)
        std::memcpy(to, file.bytes.data() + at, there);
    std::memset(to + there, 0, count - there);
    return there == count ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int MemoryDisk::write(DiskFile& file, const char* from, std::uint64_t count, std::uint64_t at)
{
    if (!begin())
        return SQLITE_IOERR_WRITE;
    const std::uint64_t end = at + count;
    const std::uint64_t growth = end > file.bytes.size() ? end - file.bytes.size() : 0;
    const bool room = m_faults.bytesMax == UINT64_MAX || growth == 0 || bytes() + growth <= m_faults.bytesMax;
    if (m_faults.full || !room) {
        ++m_counters.fullWrites;
        return m_dead ? SQLITE_IOERR_WRITE : SQLITE_FULL;
    }
    ++m_counters.writes;
    put(file.bytes, from, count, at);
    file.changes.push_back({at, count, false});
    file.written.append(from, count);
    return m_dead ? SQLITE_IOERR_WRITE : SQLITE_OK;
}

int MemoryDisk::truncate(DiskFile& file, std::uint64_t count)
{
    if (!begin())
        return SQLITE_IOERR_TRUNCATE;
    if (count < file.bytes.size())
        file.bytes.resize(count);
    file.changes.push_back({count, 0, true});
    return m_dead ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
}

int MemoryDisk::sync(DiskFile& file, bool directoryAsWell)
{
    if (!begin())
        return SQLITE_IOERR_FSYNC;
    if (take(m_faults.failingSyncs)) {
        // As Linux does it: the pages count as clean afterwards, whether they were written or not. A later sync that
        // succeeds says nothing of them.
        ++m_counters.failedSyncs;
        const std::string seen = file.bytes;
        lose(file, m_random, PowerLoss::Subset);
        file.bytes = seen;
        return SQLITE_IOERR_FSYNC;
    }
    ++m_counters.syncs;
    const char* written = file.written.data();
    for (const DiskFile::Change& change : file.changes) {
        apply(file.synced, change, written);
        written += change.count;
    }
    forgetChanges(file);
    if (directoryAsWell)
        syncDirectory();
    return m_dead ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

void MemoryDisk::syncDirectory()
{
    for (auto place = m_entries.begin(); place != m_entries.end();) {
        place->second.synced = place->second.now;
        place = place->second.now ? std::next(place) : m_entries.erase(place);
    }
}

} // namespace quoit::sim
