#include "node/server/scan_commands.h"

#include "shared/resp/glob.h"
#include "shared/resp/numbers.h"
#include "shared/ring/position.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>

namespace quoit {

namespace {

constexpr std::uint32_t scanCountMax = 10'000; // of one page; a client that asks for more gets more pages
constexpr std::uint32_t pageCount = 1000;      // where the whole ring is walked through
constexpr std::size_t keysReplyBytesMax = 64 * 1024 * 1024;
constexpr int positionBitsBelowSlot = 50;

bool equalsIgnoringCase(std::string_view text, std::string_view upper)
{
    return std::equal(text.begin(), text.end(), upper.begin(), upper.end(),
                      [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 'a' + 'A' : a) == b; });
}

class ScanCommand final : public LongCommand
{
public:
    struct Options
    {
        Position cursor = 0;
        std::uint32_t count = 10;
        std::optional<std::string> pattern;
        bool otherType = false; // asks for a type that no key has
    };

    ScanCommand(LongCommandDesk& desk, Session& session, Options options)
        : LongCommand(desk, session)
        , m_options(std::move(options))
    {}

    void start() override { desk().askScan(shared_from_this(), m_options.cursor, m_options.count); }

    void onScanPage(ScanPage page) override
    {
        if (failed(page.status))
            return;
        std::erase_if(page.records, [this](const RecordSummary& record) {
            return m_options.otherType || (m_options.pattern && !globMatches(*m_options.pattern, record.key));
        });
        answer([&page](RespWriter& reply) {
            reply.arrayHeader(2);
            reply.bulk(std::to_string(page.next));
            reply.arrayHeader(page.records.size());
            for (const RecordSummary& record : page.records)
                reply.bulk(record.key);
        });
    }

private:
    const Options m_options;
};

class KeysCommand final : public LongCommand
{
public:
    KeysCommand(LongCommandDesk& desk, Session& session, std::string_view pattern)
        : LongCommand(desk, session)
        , m_pattern(pattern)
    {}

    void start() override { desk().askScan(shared_from_this(), 0, pageCount); }

    void onScanPage(ScanPage page) override
    {
        if (failed(page.status))
            return;
        for (RecordSummary& record : page.records) {
            if (!globMatches(m_pattern, record.key))
                continue;
            m_bytes += record.key.size();
            m_keys.push_back(std::move(record.key));
        }
        if (m_bytes > keysReplyBytesMax) {
            answer([](RespWriter& reply) {
                reply.error("ERR too many keys match; use SCAN, which answers page by page");
            });
            return;
        }
        if (page.next != 0 && !isAbandoned()) {
            desk().askScan(shared_from_this(), page.next, pageCount);
            return;
        }
        answer([this](RespWriter& reply) {
            reply.arrayHeader(m_keys.size());
            for (const std::string& key : m_keys)
                reply.bulk(key);
        });
    }

private:
    const std::string m_pattern;
    std::vector<std::string> m_keys;
    std::size_t m_bytes = 0;
};

/// The first key behind a random position; keys behind long gaps come more often than others.
class RandomKeyCommand final : public LongCommand
{
public:
    RandomKeyCommand(LongCommandDesk& desk, Session& session, Position seed)
        : LongCommand(desk, session)
        , m_seed(seed)
    {}

    void start() override { desk().askScan(shared_from_this(), m_seed, 10); }

    void onScanPage(ScanPage page) override
    {
        if (failed(page.status))
            return;
        if (!page.records.empty()) {
            const RecordSummary& record = page.records[m_seed % page.records.size()];
            answer([&record](RespWriter& reply) { reply.bulk(record.key); });
            return;
        }
        const bool beginAgain = page.next == 0 && !m_wrapped;
        if (isAbandoned() || (page.next == 0 && m_wrapped)) {
            answer([](RespWriter& reply) { reply.null(); });
            return;
        }
        m_wrapped = m_wrapped || beginAgain;
        desk().askScan(shared_from_this(), page.next, 10);
    }

private:
    const Position m_seed;
    bool m_wrapped = false;
};

class CountKeysInSlotCommand final : public LongCommand
{
public:
    CountKeysInSlotCommand(LongCommandDesk& desk, Session& session, std::uint32_t slot)
        : LongCommand(desk, session)
        , m_first(Position(slot) << positionBitsBelowSlot)
        , m_last(m_first + ((Position(1) << positionBitsBelowSlot) - 1))
    {}

    void start() override { desk().askScan(shared_from_this(), m_first, pageCount); }

    void onScanPage(ScanPage page) override
    {
        if (failed(page.status))
            return;
        m_count += std::count_if(page.records.begin(), page.records.end(), [this](const RecordSummary& record) {
            return record.position >= m_first && record.position <= m_last;
        });
        if (page.next != 0 && page.next <= m_last && !isAbandoned()) {
            desk().askScan(shared_from_this(), page.next, pageCount);
            return;
        }
        answer([this](RespWriter& reply) { reply.integer(m_count); });
    }

private:
    const Position m_first;
    const Position m_last;
    std::int64_t m_count = 0;
};

class CountAllCommand final : public LongCommand
{
public:
    using Write = std::function<void(std::uint64_t, RespWriter&)>;

    CountAllCommand(LongCommandDesk& desk, Session& session, Write write)
        : LongCommand(desk, session)
        , m_write(std::move(write))
    {}

    void start() override { desk().askCount(shared_from_this()); }

    void onCount(CountResult result) override
    {
        if (failed(result.status))
            return;
        const std::uint64_t sum = std::accumulate(result.keys.begin(), result.keys.end(), std::uint64_t(0));
        answer([this, sum](RespWriter& reply) { m_write(sum, reply); });
    }

private:
    const Write m_write;
};

} // namespace

LongCommandResult makeScan(LongCommandDesk& desk, Session& session, const Arguments& arguments)
{
    ScanCommand::Options options;
    const std::string_view cursor = arguments[1];
    const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), options.cursor);
    if (error != std::errc() || end != cursor.data() + cursor.size())
        return {nullptr, "ERR invalid cursor"};
    for (std::size_t i = 2; i < arguments.size(); i += 2) {
        if (i + 1 >= arguments.size())
            return {nullptr, "ERR syntax error"};
        const std::string_view value = arguments[i + 1];
        if (equalsIgnoringCase(arguments[i], "MATCH")) {
            options.pattern = value;
        } else if (equalsIgnoringCase(arguments[i], "COUNT")) {
            const std::optional<std::int64_t> count = parseInteger(value);
            if (!count)
                return {nullptr, "ERR value is not an integer or out of range"};
            if (*count < 1)
                return {nullptr, "ERR syntax error"};
            options.count = static_cast<std::uint32_t>(std::min<std::int64_t>(*count, scanCountMax));
        } else if (equalsIgnoringCase(arguments[i], "TYPE")) {
            options.otherType = !equalsIgnoringCase(value, "STRING");
        } else {
            return {nullptr, "ERR syntax error"};
        }
    }
    return {std::make_shared<ScanCommand>(desk, session, std::move(options)), {}};
}

std::shared_ptr<LongCommand> makeKeys(LongCommandDesk& desk, Session& session, std::string_view pattern)
{
    return std::make_shared<KeysCommand>(desk, session, pattern);
}

std::shared_ptr<LongCommand> makeRandomKey(LongCommandDesk& desk, Session& session, Position seed)
{
    return std::make_shared<RandomKeyCommand>(desk, session, seed);
}

std::shared_ptr<LongCommand> makeCountKeysInSlot(LongCommandDesk& desk, Session& session, std::uint32_t slot)
{
    return std::make_shared<CountKeysInSlotCommand>(desk, session, slot);
}

std::shared_ptr<LongCommand> makeCountAll(LongCommandDesk& desk, Session& session,
                                          std::function<void(std::uint64_t keys, RespWriter& reply)> write)
{
    return std::make_shared<CountAllCommand>(desk, session, std::move(write));
}

} // namespace quoit
