// Operations come from peers: whatever their bytes, there is one well-formed reply, and no crash.
#include "node/commands/command_logic.h"
#include "node/commands/operation_codec.h"
#include "node/commands/sequence.h"
#include "shared/resp/reply_parser.h"

#include <QtTest>

#include <limits>
#include <random>

using namespace quoit;

namespace {

constexpr std::int64_t nowMs = 1'767'225'600'000;
constexpr std::string_view malformedReply = "-ERR malformed operation\r\n";

struct Sample
{
    std::vector<std::string> command;
    std::size_t headBytes; ///< fewer are malformed; what follows is the bare last part, of any length
    bool isBare;           ///< has such a last part
};

/// One of every opcode and of every layout.
const std::vector<Sample>& samples()
{
    static const std::vector<Sample> all{
        {{"get", "k"}, 1, false},
        {{"set", "k", "value"}, 2, true},
        {{"set", "k", "value", "px", "5000", "xx", "get"}, 10, true},
        {{"set", "k", "value", "exat", "4000000000"}, 10, true},
        {{"getdel", "k"}, 1, false},
        {{"getex", "k"}, 2, false},
        {{"getex", "k", "ex", "5"}, 10, false},
        {{"getex", "k", "pxat", "5"}, 10, false},
        {{"getex", "k", "persist"}, 2, false},
        {{"getex", "k", "ex", "x"}, 2, false},
        {{"getex", "k", "ex", "-1"}, 2, false},
        {{"del", "k"}, 1, false},
        {{"exists", "k"}, 1, false},
        {{"strlen", "k"}, 1, false},
        {{"append", "k", "suffix"}, 1, true},
        {{"getrange", "k", "0", "-1"}, 17, false},
        {{"setrange", "k", "3", "part"}, 9, true},
        {{"incrby", "k", "7"}, 9, false},
        {{"incrbyfloat", "k", "1.5"}, 1, true},
        {{"expire", "k", "100", "gt"}, 10, false},
        {{"ttl", "k"}, 2, false},
        {{"persist", "k"}, 1, false},
        {{"type", "k"}, 1, false},
        {{"quoit.cas", "k", "1.2.3.4", "value", "px", "100"}, 17, true},
        {{"quoit.getv", "k"}, 1, false},
        {{"memory", "usage", "k"}, 9, false},
        {{"object", "encoding", "k"}, 1, false},
        {{"object", "refcount", "k"}, 1, false},
        {{"exec"}, 3 + 2 * (1 + 9), false},
    };
    return all;
}

std::string operationOf(const std::vector<std::string>& command)
{
    if (command.front() == "exec") { // no command on a key is one
        const std::vector<std::string> operations(2, operationOf({"incrby", "k", "7"}));
        return encodeSequence(operations);
    }
    const std::vector<std::string_view> arguments(command.begin(), command.end());
    std::vector<KeyOperation> operations;
    const CommandSpec& spec = *findCommand(arguments.front());
    const CommandSpec* const subcommand = findKeySubcommand(spec, arguments);
    const std::string error = parseCommand(subcommand ? *subcommand : spec, arguments, {}, operations);
    return error.empty() && operations.size() == 1 ? operations.front().operation : std::string();
}

std::vector<KeyState> states()
{
    const Version version{{1, 2, 3}, 4};
    constexpr std::int64_t max = std::numeric_limits<std::int64_t>::max();
    return {{},
            {true, "", 0, version},
            {true, "10", nowMs + 1000, version},
            {true, "-9223372036854775808", max, version},
            {true, "some text", 1, version}};
}

bool isOneReply(const std::string& reply)
{
    ReplyParser parser;
    parser.feed(reply);
    return parser.next().has_value() && !parser.next().has_value() && !parser.failed();
}

/// A change needs a reply that is no error, and an expiry that isn't negative.
bool isSound(const Applied& applied)
{
    const bool isError = applied.reply.starts_with('-');
    return isOneReply(applied.reply) && (!isError || applied.change == Applied::Change::None) && applied.expiryMs >= 0;
}

} // namespace

class TestCommandsMalformed : public QObject
{
    Q_OBJECT

    const CommandLogic m_logic;

    void checkAll(const std::string& operation, std::initializer_list<std::int64_t> clocks = {nowMs})
    {
        if (QTest::currentTestFailed()) // one is enough
            return;
        for (const KeyState& state : states())
            for (const std::int64_t now : clocks)
                if (!isSound(m_logic.apply(operation, state, now)))
                    QFAIL(("operation " + QByteArray::fromStdString(operation).toHex()).constData());
    }

private Q_SLOTS:
    void everyOpcodeHasASample()
    {
        std::vector<bool> seen(256);
        for (const Sample& sample : samples()) {
            const std::string operation = operationOf(sample.command);
            QVERIFY2(!operation.empty(), sample.command.front().c_str());
            seen[static_cast<std::uint8_t>(operation.front())] = true;
        }
        for (int opcode = 1; opcode <= static_cast<int>(Opcode::Sequence); ++opcode)
            QVERIFY2(seen[static_cast<std::size_t>(opcode)], QByteArray::number(opcode).constData());
    }

    void truncatedOperationsAreRefused()
    {
        for (const Sample& sample : samples()) {
            const std::string operation = operationOf(sample.command);
            QVERIFY(operation.size() >= sample.headBytes);
            for (std::size_t length = 0; length < sample.headBytes; ++length)
                for (const KeyState& state : states()) {
                    const Applied applied = m_logic.apply(std::string_view(operation).substr(0, length), state, nowMs);
                    QCOMPARE(applied.reply, std::string(malformedReply));
                    QCOMPARE(applied.change, Applied::Change::None);
                }
            for (std::size_t length = sample.headBytes; length <= operation.size(); ++length)
                checkAll(operation.substr(0, length));
        }
    }

    void bytesBehindAnOperationAreRefused()
    {
        for (const Sample& sample : samples())
            if (!sample.isBare)
                for (const KeyState& state : states())
                    QCOMPARE(m_logic.apply(operationOf(sample.command) + "x", state, nowMs).reply,
                             std::string(malformedReply));
    }

    void unknownKindsAreRefused()
    {
        for (const auto& [opcode, kinds] : {std::pair(Opcode::Ttl, 4), std::pair(Opcode::GetEx, 6)})
            for (int kind = kinds; kind < 256; ++kind) {
                const std::string operation{static_cast<char>(opcode), static_cast<char>(kind)};
                for (const KeyState& state : states())
                    QCOMPARE(m_logic.apply(operation, state, nowMs).reply, std::string(malformedReply));
            }
        for (int opcode = 0; opcode < 256; ++opcode)
            if (opcode == 0 || opcode > static_cast<int>(Opcode::Sequence))
                QCOMPARE(m_logic.apply(std::string(1, static_cast<char>(opcode)), {}, nowMs).reply,
                         std::string(malformedReply));
    }

    void extremeTimesDoNotOverflow()
    {
        constexpr std::int64_t max = std::numeric_limits<std::int64_t>::max();
        for (const std::int64_t ms :
             {max, max - 1, max - nowMs, max - nowMs + 1, -max - 1, -max, std::int64_t(-1), std::int64_t(0)}) {
            for (int flags = 0; flags < 256; ++flags) {
                for (const Opcode opcode : {Opcode::Set, Opcode::Expire, Opcode::GetEx}) {
                    ByteWriter writer;
                    writer.u8(static_cast<std::uint8_t>(opcode));
                    writer.u8(static_cast<std::uint8_t>(flags));
                    writer.i64(ms);
                    checkAll(writer.bytes, {nowMs, 0, max});
                }
            }
            ByteWriter writer;
            writer.u8(static_cast<std::uint8_t>(Opcode::CompareAndSet));
            writer.blob("1.2.3.4");
            writer.i64(ms);
            checkAll(writer.bytes, {nowMs, 0, max});
        }
        for (const char* name : {"ttl", "pttl", "expiretime", "pexpiretime"})
            checkAll(operationOf({name, "k"}), {nowMs, 0, max});
    }

    void randomBytesGetOneReply()
    {
        std::mt19937_64 random(20260101);
        for (int round = 0; round < 20000; ++round) {
            std::string operation(random() % 40, '\0');
            for (char& byte : operation)
                byte = static_cast<char>(random() % 4 == 0 ? (random() % 2 ? 0xff : 0x7f) : random() % 256);
            if (!operation.empty() && round % 4 != 0)
                operation.front() = static_cast<char>(1 + random() % 22);
            checkAll(operation);
        }
    }

    void mutatedOperationsGetOneReply()
    {
        std::mt19937_64 random(20260102);
        for (int round = 0; round < 20000; ++round) {
            std::string operation = operationOf(samples()[random() % samples().size()].command);
            for (int changes = 1 + static_cast<int>(random() % 3); changes > 0; --changes)
                operation[random() % operation.size()] = static_cast<char>(random());
            checkAll(operation);
        }
    }
};

QTEST_GUILESS_MAIN(TestCommandsMalformed)
#include "test_commands_malformed.moc"
