// Fuzzes commands, their options and what they do to a key: node/commands.
// Input: lines, one command each, quoted as in redis-cli; all on one key. "@ MS" sets the clock, "! BYTES" applies an
// operation as a peer may send it. Commands between "MULTI" and "EXEC" go as one.
#include "node/commands/command.h"
#include "node/commands/command_logic.h"
#include "node/commands/operation_codec.h"
#include "node/commands/sequence.h"
#include "shared/resp/inline_arguments.h"
#include "shared/resp/numbers.h"
#include "shared/resp/reply_parser.h"
#include "tests/fuzz/fuzz.h"

#include <algorithm>
#include <optional>

using namespace quoit;

namespace {

constexpr CommandLimits limits{.keyBytesMax = 64, .valueBytesMax = 4096};
constexpr std::int64_t clockMax = std::int64_t(1) << 43;

void checkReply(std::string_view reply)
{
    ReplyParser parser;
    parser.feed(reply);
    FUZZ_CHECK(parser.next().has_value());
    parser.feed("+end\r\n");
    const auto end = parser.next();
    FUZZ_CHECK(end && end->text == "end");
}

/// One key of a home, as node/core/home_key keeps it.
class Key
{
public:
    explicit Key()
        : m_logic(limits)
    {}

    void setClock(std::int64_t ms) { m_nowMs = ms; }

    /// @param isRead it must change nothing
    void apply(std::string_view operation, bool isRead)
    {
        const KeyState before = state();
        const Applied applied = m_logic.apply(operation, before, m_nowMs);
        checkReply(applied.reply);
        checkReply(toProtocol(applied.reply, 2));
        checkReply(toProtocol(applied.reply, 2, true));
        const Applied again = m_logic.apply(operation, before, m_nowMs);
        FUZZ_CHECK(again.change == applied.change && again.value == applied.value && again.reply == applied.reply);
        FUZZ_CHECK(again.expiryMs == applied.expiryMs);
        if (isRead || applied.reply.starts_with('-'))
            FUZZ_CHECK(applied.change == Applied::Change::None);
        if (isRead)
            FUZZ_CHECK(m_logic.evaluate(operation, record(), m_nowMs) == applied.reply);
        take(applied);
    }

    /// The operations as one: they are told, and make of the key, what they would one after the other.
    void applyTogether(const std::vector<std::string>& operations)
    {
        Key other = *this;
        const std::string sequence = encodeSequence(operations);
        FUZZ_CHECK(m_logic.addsData(sequence) == std::any_of(operations.begin(), operations.end(), [this](const std::string& operation) {
                       return m_logic.addsData(operation);
                   }));
        const Applied applied = m_logic.apply(sequence, state(), m_nowMs);
        checkReply(applied.reply);
        take(applied);
        const auto replies = splitReplies(applied.reply);
        if (!replies) {
            FUZZ_CHECK(applied.reply.starts_with('-') && applied.change == Applied::Change::None);
            return;
        }
        FUZZ_CHECK(replies->size() == operations.size());
        for (std::size_t i = 0; i < operations.size(); ++i) {
            const auto opcode = static_cast<Opcode>(operations[i].front());
            if (opcode == Opcode::GetVersion || opcode == Opcode::CompareAndSet) {
                if ((*replies)[i].starts_with("-ERR a transaction that has changed"))
                    continue;
            }
            const Applied one = m_logic.apply(operations[i], other.state(), m_nowMs);
            FUZZ_CHECK((*replies)[i] == one.reply);
            other.take(one);
        }
        FUZZ_CHECK(state().present == other.state().present && state().expiryMs == other.state().expiryMs);
        FUZZ_CHECK(state().value == other.state().value);
    }

private:
    KeyState state() const
    {
        if (!m_present || (m_expiryMs != 0 && m_expiryMs <= m_nowMs))
            return {};
        return {true, m_value, m_expiryMs, {{1, 2, 3}, m_sequence}};
    }

    RecordPtr record() const
    {
        const KeyState now = state();
        if (!now.present)
            return nullptr;
        Record record;
        record.value = now.value;
        record.expiryMs = now.expiryMs;
        record.version = now.version;
        return makeRecord(record);
    }

    void take(const Applied& applied)
    {
        switch (applied.change) {
        case Applied::Change::None:
            return;
        case Applied::Change::Put:
            FUZZ_CHECK(applied.expiryMs == 0 || applied.expiryMs > m_nowMs);
            m_value = applied.value;
            m_present = true;
            break;
        case Applied::Change::Expiry:
            FUZZ_CHECK(state().present);
            FUZZ_CHECK(applied.expiryMs == 0 || applied.expiryMs > m_nowMs);
            break;
        case Applied::Change::Delete:
            m_value.clear();
            m_present = false;
            break;
        }
        m_expiryMs = applied.expiryMs;
        ++m_sequence;
    }

    CommandLogic m_logic;
    std::int64_t m_nowMs = 1'700'000'000'000;
    bool m_present = false;
    std::string m_value;
    std::int64_t m_expiryMs = 0;
    std::uint64_t m_sequence = 1;
};

void checkErrorText(std::string_view error)
{
    FUZZ_CHECK(!error.empty() && error.find_first_of("\r\n") == std::string_view::npos);
}

/// @param queue  since MULTI; null: carried out at once
void run(Key& key, std::span<const std::string_view> arguments, std::vector<std::string>* queue)
{
    const CommandSpec* spec = findCommand(arguments[0]);
    if (!spec) {
        FUZZ_CHECK(!unknownCommandError(arguments).empty());
        return;
    }
    if (!arityFits(*spec, arguments.size()))
        return checkErrorText(arityError(*spec));
    if (spec->kind == CommandKind::Server)
        return;
    std::vector<KeyOperation> operations;
    const std::string error = parseCommand(*spec, arguments, limits, operations);
    FUZZ_CHECK(error.empty() == !operations.empty());
    for (const KeyOperation& operation : operations) {
        FUZZ_CHECK(!operation.key.empty() && operation.key.size() <= limits.keyBytesMax);
        if (queue)
            queue->push_back(operation.operation);
        else
            key.apply(operation.operation, spec->kind == CommandKind::KeyRead);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t byteCount)
{
    Key key;
    std::optional<std::vector<std::string>> queue;
    for (const std::string& line : fuzz::linesOf(fuzz::Input(data, byteCount).rest())) {
        const auto words = splitInlineArguments(line);
        if (!words || words->empty())
            continue;
        const std::vector<std::string_view> arguments(words->begin(), words->end());
        if (arguments[0] == "@" && arguments.size() == 2) {
            if (const auto ms = parseInteger(arguments[1]); ms && *ms >= 0 && *ms <= clockMax)
                key.setClock(*ms);
        } else if (arguments[0] == "!" && arguments.size() == 2) {
            key.apply(arguments[1], false);
        } else if (arguments[0] == "MULTI") {
            queue.emplace();
        } else if (arguments[0] == "EXEC" && queue) {
            if (queue->size() <= sequenceOperationsMax)
                key.applyTogether(*queue);
            queue.reset();
        } else {
            run(key, arguments, queue ? &*queue : nullptr);
        }
    }
    return 0;
}
