// Several operations on one key as one: what each is told, what becomes of the key, and what is refused as a whole.
#include "node/commands/command_logic.h"
#include "node/commands/operation_codec.h"
#include "node/commands/sequence.h"

#include <QtTest>

using namespace quoit;

namespace {

constexpr std::int64_t nowMs = 1'767'225'600'000;
const Version version{{1, 2, 3}, 4};

using Command = std::vector<std::string>;

std::string operationOf(const Command& command)
{
    const std::vector<std::string_view> arguments(command.begin(), command.end());
    std::vector<KeyOperation> operations;
    const std::string error = parseCommand(*findCommand(arguments.front()), arguments, {}, operations);
    return error.empty() ? operations.front().operation : std::string();
}

std::string sequenceOf(const std::vector<Command>& commands, const std::optional<std::string>& expected = {})
{
    std::vector<std::string> operations;
    for (const Command& command : commands)
        operations.push_back(operationOf(command));
    return encodeSequence(operations, expected);
}

KeyState living(std::string_view value, std::int64_t expiryMs = 0)
{
    return {true, value, expiryMs, version};
}

} // namespace

class TestCommandsSequence : public QObject
{
    Q_OBJECT

    const CommandLogic m_logic;

    Applied apply(const std::vector<Command>& commands, const KeyState& before = {}) const
    {
        return m_logic.apply(sequenceOf(commands), before, nowMs);
    }

private Q_SLOTS:
    void eachSeesWhatEarlierOnesMade()
    {
        const Applied applied = apply({{"incr", "k"}, {"expire", "k", "60"}, {"get", "k"}, {"append", "k", "5"}, {"pttl", "k"}});
        QCOMPARE(applied.reply, std::string("*5\r\n:1\r\n:1\r\n$1\r\n1\r\n:2\r\n:60000\r\n"));
        QCOMPARE(applied.change, Applied::Change::Put);
        QCOMPARE(applied.value, std::string("15"));
        QCOMPARE(applied.expiryMs, nowMs + 60'000);
    }

    void theWholeIsOneChange()
    {
        const KeyState before = living("v", nowMs + 5);
        QCOMPARE(apply({{"get", "k"}, {"strlen", "k"}}, before).change, Applied::Change::None);
        QCOMPARE(apply({{"get", "k"}, {"persist", "k"}}, before).change, Applied::Change::Expiry);
        QCOMPARE(apply({{"get", "k"}, {"persist", "k"}}, before).expiryMs, 0);
        QCOMPARE(apply({{"set", "k", "w"}, {"getdel", "k"}}, before).change, Applied::Change::Delete);
        QCOMPARE(apply({{"set", "k", "w"}, {"getdel", "k"}}).change, Applied::Change::None); // absent before and after
        const Applied again = apply({{"del", "k"}, {"setnx", "k", "w"}}, before);
        QCOMPARE(again.change, Applied::Change::Put);
        QCOMPARE(again.value, std::string("w"));
        QCOMPARE(again.expiryMs, 0);
        QCOMPARE(apply({{"set", "k", "w"}, {"expire", "k", "-1"}, {"exists", "k"}}, before).reply, std::string("*3\r\n+OK\r\n:1\r\n:0\r\n"));
    }

    void anErrorIsItsOwnReplyAndTheOthersGoOn()
    {
        const Applied applied = apply({{"set", "k", "text"}, {"incr", "k"}, {"append", "k", "!"}});
        QCOMPARE(applied.reply, std::string("*3\r\n+OK\r\n-ERR value is not an integer or out of range\r\n:5\r\n"));
        QCOMPARE(applied.value, std::string("text!"));
    }

    void versionsAreKnownUntilTheFirstChange()
    {
        const std::string shown = version.toString();
        const Applied applied = apply({{"quoit.getv", "k"}, {"quoit.cas", "k", shown, "w"}, {"quoit.getv", "k"}, {"quoit.cas", "k", shown, "x"}},
                                      living("v"));
        const auto replies = splitReplies(applied.reply);
        QCOMPARE(replies->size(), std::size_t(4));
        QCOMPARE((*replies)[0], std::string_view("*2\r\n$1\r\nv\r\n$7\r\n1.2.3.4\r\n"));
        QCOMPARE((*replies)[1], std::string_view("+OK\r\n"));
        QVERIFY((*replies)[2].starts_with("-ERR a transaction that has changed the key has no version"));
        QVERIFY((*replies)[3].starts_with("-ERR a transaction that has changed the key has no version"));
        QCOMPARE(applied.value, std::string("w"));
    }

    void anotherVersionThanExpectedMeansNothing()
    {
        const std::string same = sequenceOf({{"set", "k", "w"}}, version.toString());
        const std::string absent = sequenceOf({{"set", "k", "w"}}, "0");
        QCOMPARE(m_logic.apply(same, living("v"), nowMs).reply, std::string("*1\r\n+OK\r\n"));
        QCOMPARE(m_logic.apply(absent, {}, nowMs).reply, std::string("*1\r\n+OK\r\n"));
        for (const Applied& applied :
             {m_logic.apply(same, {}, nowMs), m_logic.apply(absent, living("v"), nowMs),
              m_logic.apply(sequenceOf({{"set", "k", "w"}}, "1.2.3.5"), living("v"), nowMs)}) {
            QCOMPARE(applied.reply, std::string("_\r\n"));
            QCOMPARE(applied.change, Applied::Change::None);
        }
        QCOMPARE(m_logic.apply(sequenceOf({}, "0"), {}, nowMs).reply, std::string("*0\r\n"));
    }

    void whatIsTooLargeTogetherIsRefusedAsAWhole()
    {
        const std::string large(12 * 1024 * 1024, 'v');
        for (const std::vector<Command>& commands : {std::vector<Command>{{"append", "k", "w"}, {"get", "k"}, {"get", "k"}},
                                                    std::vector<Command>(6, Command{"append", "k", "w"})}) {
            const Applied applied = apply(commands, living(large));
            QVERIFY(applied.reply.starts_with("-EXECABORT Transaction discarded, nothing was changed"));
            QCOMPARE(applied.change, Applied::Change::None);
        }
        QCOMPARE(apply({{"append", "k", "w"}, {"get", "k"}}, living(large)).change, Applied::Change::Put);
    }

    void itAddsDataIfOneOfThemDoes()
    {
        QVERIFY(!m_logic.addsData(sequenceOf({{"get", "k"}, {"del", "k"}, {"expire", "k", "1"}})));
        QVERIFY(m_logic.addsData(sequenceOf({{"del", "k"}, {"incr", "k"}})));
        QVERIFY(!m_logic.addsData(std::string(1, static_cast<char>(Opcode::Sequence))));
    }

    void badBytesAreRefused()
    {
        const std::string malformed = "-ERR malformed operation\r\n";
        const std::string good = sequenceOf({{"set", "k", "w"}, {"get", "k"}}, version.toString());
        for (std::size_t bytes = 1; bytes < good.size(); ++bytes) {
            QCOMPARE(m_logic.apply(good.substr(0, bytes), living("v"), nowMs).reply, malformed);
            QVERIFY(!m_logic.addsData(good.substr(0, bytes)));
        }
        QCOMPARE(m_logic.apply(good + "x", living("v"), nowMs).reply, malformed);
        const std::vector<std::string> tooMany(sequenceOperationsMax + 1, operationOf({"get", "k"}));
        QCOMPARE(m_logic.apply(encodeSequence(tooMany), {}, nowMs).reply, malformed);
        const std::vector<std::string> nested{sequenceOf({{"incr", "k"}}), operationOf({"get", "k"}), ""};
        QCOMPARE(m_logic.apply(encodeSequence(nested), {}, nowMs).reply, "*3\r\n" + malformed + "_\r\n" + malformed);
        QVERIFY(!m_logic.addsData(encodeSequence(nested)));
    }

    void repliesAreTakenApart()
    {
        const std::string reply = "*5\r\n:1\r\n$4\r\n\r\n\r\n\r\n_\r\n*2\r\n$1\r\nv\r\n+OK\r\n-ERR x\r\n";
        const auto replies = splitReplies(reply);
        QVERIFY(replies);
        const std::vector<std::string_view> wanted{":1\r\n", "$4\r\n\r\n\r\n\r\n", "_\r\n", "*2\r\n$1\r\nv\r\n+OK\r\n", "-ERR x\r\n"};
        QVERIFY(*replies == wanted);
        QVERIFY(splitReplies("*0\r\n")->empty());
        for (std::size_t bytes = 0; bytes < reply.size(); ++bytes)
            QVERIFY(!splitReplies(reply.substr(0, bytes)));
        for (const char* const wrong : {"-ERR no\r\n", "_\r\n", "*1\r\n", "*-1\r\n", "*1\r\n:1\r\n:2\r\n", "*1\r\n$99999999999999999999\r\n\r\n",
                                        "*1\r\n$18446744073709551615\r\n\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"})
            QVERIFY2(!splitReplies(wrong), wrong);
    }

    void shortRepliesAreKnown()
    {
        for (const Command& command : {Command{"incr", "k"}, Command{"set", "k", "v", "nx"}, Command{"setnx", "k", "v"}, Command{"append", "k", "x"},
                                       Command{"expire", "k", "9"}, Command{"persist", "k"}, Command{"del", "k"}, Command{"setrange", "k", "3", "x"}})
            for (const KeyState& state : {KeyState{}, living("9223372036854775806"), living("-9223372036854775808")})
                QVERIFY(m_logic.apply(operationOf(command), state, nowMs).reply.size() <= shortReplyBytes(operationOf(command)));
        for (const Command& command : {Command{"set", "k", "v", "get"}, Command{"getset", "k", "v"}, Command{"getdel", "k"}, Command{"getex", "k"},
                                       Command{"get", "k"}, Command{"incrbyfloat", "k", "1"}, Command{"quoit.cas", "k", "0", "v"}})
            QCOMPARE(shortReplyBytes(operationOf(command)), std::size_t(0));
    }
};

QTEST_GUILESS_MAIN(TestCommandsSequence)
#include "test_commands_sequence.moc"
