#include "node/commands/command.h"
#include "shared/resp/reply_parser.h"
#include "tests/unit/commands/redis_process.h"

#include <QtTest>

#include <algorithm>
#include <set>

using namespace quoit;
using namespace quoit::testing;

namespace {

RespValue parsed(const std::string& bytes)
{
    ReplyParser parser;
    parser.feed(bytes);
    const auto value = parser.next();
    return value && !parser.next() && !parser.failed() ? *value : RespValue::error("not one reply: " + parser.error());
}

RespValue infoOf(int protocol, const std::vector<std::string_view>& names = {})
{
    std::string out;
    appendCommandInfo(out, protocol, names);
    return parsed(out);
}

RespValue docsOf(int protocol, const std::vector<std::string_view>& names = {})
{
    std::string out;
    appendCommandDocs(out, protocol, names);
    return parsed(out);
}

std::set<std::string> textsOf(const RespValue& list)
{
    std::set<std::string> texts;
    for (const RespValue& element : list.elements)
        texts.insert(element.text);
    return texts;
}

QByteArray joined(const std::set<std::string>& texts)
{
    QByteArray line;
    for (const std::string& text : texts)
        line += QByteArray::fromStdString(text) + ' ';
    return line;
}

} // namespace

class TestCommandsTable : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyCommandIsFoundInAnyCase()
    {
        for (const CommandSpec& spec : allCommands()) {
            std::string name(spec.name);
            QCOMPARE(findCommand(name), &spec);
            std::transform(name.begin(), name.end(), name.begin(),
                           [](char c) { return static_cast<char>(std::toupper(c)); });
            QCOMPARE(findCommand(name), &spec);
            for (std::size_t i = 0; i < name.size(); i += 2)
                name[i] = static_cast<char>(std::tolower(name[i]));
            QCOMPARE(findCommand(name), &spec);
        }
    }

    void onlyWholeNamesAreFound()
    {
        for (const CommandSpec& spec : allCommands()) {
            const std::string name(spec.name);
            for (const std::string& other : {name + "_", name + std::string(1, '\0'), " " + name, name + name})
                QVERIFY2(!findCommand(other), other.c_str());
            std::string shifted = name; // ASCII case only: other bytes that differ in the same bit don't match
            shifted.front() = static_cast<char>(shifted.front() ^ 0x80);
            QVERIFY(!findCommand(shifted));
        }
        QVERIFY(!findCommand(""));
        QVERIFY(!findCommand("quoit[cas"));
        QVERIFY(!findCommand(std::string(1'000'000, 'g')));
    }

    void keysLieWithinTheArity()
    {
        for (const CommandSpec& spec : allCommands()) {
            QVERIFY2(!spec.summary.empty() && !spec.flags.empty(), spec.name.data());
            const bool hasKeys = spec.kind != CommandKind::Server;
            QVERIFY2(!hasKeys || (spec.firstKey == 1 && spec.keyStep > 0), spec.name.data());
            QVERIFY(spec.firstKey < std::abs(spec.arity));
            QCOMPARE(spec.combine != Combine::Single, spec.lastKey < 0);
            const auto least = static_cast<std::size_t>(std::abs(spec.arity));
            QVERIFY(arityFits(spec, least));
            QVERIFY(!arityFits(spec, least - 1));
            QCOMPARE(arityFits(spec, least + 1), spec.arity < 0);
        }
    }

    void infoHasTenElementsOfEachCommand_data()
    {
        QTest::addColumn<int>("protocol");
        QTest::newRow("RESP2") << 2;
        QTest::newRow("RESP3") << 3;
    }

    void infoHasTenElementsOfEachCommand()
    {
        QFETCH(int, protocol);
        const RespValue info = infoOf(protocol);
        QCOMPARE(info.type, RespType::Array);
        QCOMPARE(info.elements.size(), allCommands().size());
        const RespType setType = protocol == 3 ? RespType::Set : RespType::Array;
        for (std::size_t i = 0; i < info.elements.size(); ++i) {
            const CommandSpec& spec = allCommands()[i];
            const auto& fields = info.elements[i].elements;
            QCOMPARE(fields.size(), std::size_t(10));
            QCOMPARE(fields[0].type, RespType::BulkString);
            QCOMPARE(fields[0].text, std::string(spec.name));
            QCOMPARE(fields[1].integerValue, std::int64_t(spec.arity));
            for (const std::size_t set : {2, 6}) {
                QCOMPARE(fields[set].type, setType);
                QVERIFY(!fields[set].elements.empty());
                for (const RespValue& word : fields[set].elements) // clients compare flags as simple strings
                    QCOMPARE(word.type, RespType::SimpleString);
            }
            QCOMPARE(fields[3].integerValue, std::int64_t(spec.firstKey));
            QCOMPARE(fields[4].integerValue, std::int64_t(spec.lastKey));
            QCOMPARE(fields[5].integerValue, std::int64_t(spec.keyStep));
            for (const std::size_t list : {7, 8, 9})
                QCOMPARE(fields[list].type, RespType::Array);
        }
    }

    void infoOfNamesKeepsTheirOrderWithNullForUnknownOnes()
    {
        for (const int protocol : {2, 3}) {
            const RespValue info = infoOf(protocol, {"SET", "nonsense", "get"});
            QCOMPARE(info.elements.size(), std::size_t(3));
            QCOMPARE(info.elements[0].elements.at(0).text, std::string("set"));
            QVERIFY(info.elements[1].isNull());
            QCOMPARE(info.elements[2].elements.at(0).text, std::string("get"));
        }
        std::string out;
        const std::string_view unknown[] = {"nonsense"};
        appendCommandInfo(out, 2, unknown);
        QCOMPARE(out, std::string("*1\r\n*-1\r\n"));
    }

    void docsMapNamesToMaps()
    {
        for (const int protocol : {2, 3}) {
            const RespType mapType = protocol == 3 ? RespType::Map : RespType::Array;
            const RespValue docs = docsOf(protocol);
            QCOMPARE(docs.type, mapType);
            QCOMPARE(docs.elements.size(), 2 * allCommands().size());
            for (const CommandSpec& spec : allCommands()) {
                const RespValue* doc = docs.find(spec.name);
                QVERIFY2(doc && doc->type == mapType, spec.name.data());
                QCOMPARE(doc->textAt("summary"), std::string(spec.summary));
                QVERIFY(!doc->textAt("since").empty() && !doc->textAt("group").empty());
            }
            const RespValue some = docsOf(protocol, {"nonsense", "GET"});
            QCOMPARE(some.elements.size(), std::size_t(2));
            QVERIFY(some.find("get"));
        }
    }

    void redisAgreesAboutArityKeysAndFlags()
    {
        if (!RedisProcess::isInstalled())
            QSKIP("no redis-server in PATH: nothing to compare with");
        RedisProcess redis;
        QVERIFY2(redis.start(), redis.error().c_str());
        std::vector<std::string> request{"command", "info"};
        std::vector<const CommandSpec*> specs;
        for (const CommandSpec& spec : allCommands())
            if (!spec.name.starts_with("quoit.")) {
                request.emplace_back(spec.name);
                specs.push_back(&spec);
            }
        const std::vector<std::string> replies = redis.run({request});
        QCOMPARE(replies.size(), std::size_t(1));
        const RespValue theirs = parsed(replies.front());
        QCOMPARE(theirs.elements.size(), specs.size());
        for (std::size_t i = 0; i < specs.size(); ++i) {
            const RespValue ours = infoOf(2, {specs[i]->name}).elements.at(0);
            const auto& their = theirs.elements[i].elements;
            QVERIFY2(their.size() == 10, specs[i]->name.data());
            for (const std::size_t field : {0, 1, 3, 4, 5})
                QVERIFY2(their[field] == ours.elements[field],
                         (std::string(specs[i]->name) + ", field " + std::to_string(field)).c_str());
            const auto theirFlags = textsOf(their[2]);
            const auto ourFlags = textsOf(ours.elements[2]);
            const QByteArray flags =
                QByteArray(specs[i]->name.data()) + ": Redis " + joined(theirFlags) + "| Quoit " + joined(ourFlags);
            // A command with subcommands has no flags in Redis: they have their own. Here they aren't listed.
            if (!theirFlags.empty())
                QVERIFY2(theirFlags == ourFlags, flags.constData());
        }
    }
};

QTEST_GUILESS_MAIN(TestCommandsTable)
#include "test_commands_table.moc"
