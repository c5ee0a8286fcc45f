#include "node/server/settings.h"

#include "shared/resp/numbers.h"


namespace quoit {

namespace {

constexpr std::uint64_t cacheBytesMax = std::uint64_t(1) << 40;
constexpr std::uint64_t roomBytesMax = std::uint64_t(1) << 50;
constexpr std::int64_t timeoutSecondsMax = 100'000'000;

std::string lowerCase(std::string_view text)
{
    std::string lower(text);
    for (char& c : lower)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return lower;
}

Error badValue(std::string_view name, std::string_view value, const std::string& what)
{
    return {ErrorCode::InvalidArgument, std::string(name) + ": '" + std::string(value.substr(0, 128)) + "' is " + what};
}

} // namespace

std::optional<std::uint64_t> byteCountFromText(std::string_view text)
{
    static constexpr std::pair<std::string_view, std::uint64_t> units[] = {
        {"kb", 1024}, {"mb", 1024 * 1024}, {"gb", 1024 * 1024 * 1024}, {"k", 1000}, {"m", 1000'000}, {"g", 1000'000'000}, {"b", 1}};
    std::string lower = lowerCase(text);
    std::uint64_t unit = 1;
    for (const auto& [name, bytes] : units) {
        if (lower.size() > name.size() && lower.ends_with(name)) {
            unit = bytes;
            lower.resize(lower.size() - name.size());
            break;
        }
    }
    const std::optional<std::int64_t> number = parseInteger(lower);
    std::uint64_t bytes = 0;
    if (!number || *number < 0 || __builtin_mul_overflow(static_cast<std::uint64_t>(*number), unit, &bytes))
        return std::nullopt;
    return bytes;
}

Result<void> change(RuntimeSettings& settings, std::string_view name, std::string_view value)
{
    const auto bytes = [&](std::uint64_t most, std::uint64_t& setting) -> Result<void> {
        const std::optional<std::uint64_t> count = byteCountFromText(value);
        if (!count || *count > most)
            return badValue(name, value, "no number of bytes up to " + std::to_string(most) + ", such as 536870912 or 512mb");
        setting = *count;
        return {};
    };
    if (name == "max-bytes" || name == "maxmemory")
        return bytes(roomBytesMax, settings.room.bytesMax);
    if (name == "cache-bytes")
        return bytes(cacheBytesMax, settings.cacheBytes);
    if (name == "eviction-policy" || name == "maxmemory-policy") {
        const auto policy = evictionPolicyFromText(lowerCase(value));
        if (!policy)
            return badValue(name, value,
                            "none of noeviction, allkeys-lru, allkeys-lfu, allkeys-random, volatile-lru, volatile-lfu, "
                            "volatile-random, volatile-ttl");
        settings.room.policy = *policy;
        return {};
    }
    if (name == "cache-policy") {
        const auto policy = cachePolicyFromText(lowerCase(value));
        if (!policy)
            return badValue(name, value, "none of lru, lfu, w-tinylfu, s3-fifo");
        settings.cachePolicy = *policy;
        return {};
    }
    if (name == "timeout") {
        const std::optional<std::int64_t> seconds = parseInteger(value);
        if (!seconds || *seconds < 0 || *seconds > timeoutSecondsMax)
            return badValue(name, value, "no whole number of seconds from 0 (never) to " + std::to_string(timeoutSecondsMax));
        settings.timeoutSeconds = static_cast<std::uint32_t>(*seconds);
        return {};
    }
    if (name == "slowlog-log-slower-than") {
        const std::optional<std::int64_t> us = parseInteger(value);
        if (!us || *us < -1)
            return badValue(name, value, "no whole number of microseconds, 0 for everything or -1 for nothing");
        settings.slowLog.thresholdUs = *us;
        return {};
    }
    if (name == "slowlog-max-len") {
        const std::optional<std::int64_t> count = parseInteger(value);
        if (!count || *count < 0 || *count > static_cast<std::int64_t>(SlowLog::entriesMaxMax))
            return badValue(name, value, "no whole number from 0 to " + std::to_string(SlowLog::entriesMaxMax));
        settings.slowLog.entriesMax = static_cast<std::size_t>(*count);
        return {};
    }
    return Error{ErrorCode::NotFound, std::string(name.substr(0, 128)) + " is fixed when the node starts; see quoit-node --help"};
}

} // namespace quoit
