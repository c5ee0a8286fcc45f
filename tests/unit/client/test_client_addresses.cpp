#include "shared/client/address_book.h"

#include <QtTest>

using namespace quoit;

class TestClientAddresses : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void hostAndPortAreTakenApart();
    void othersAreRefused_data();
    void othersAreRefused();
    void answersOfBothCommandsGiveAddresses();
    void longestFailedIsTriedNext();
    void learnedAddressesComeBeforeSeeds();
};

void TestClientAddresses::hostAndPortAreTakenApart()
{
    QVERIFY(parseHostPort(QStringLiteral("localhost:7400")) == (HostPort{QStringLiteral("localhost"), 7400}));
    QVERIFY(parseHostPort(QStringLiteral(" 10.0.0.1:1 ")) == (HostPort{QStringLiteral("10.0.0.1"), 1}));
    const auto ipv6 = parseHostPort(QStringLiteral("[::1]:7400"));
    QVERIFY(ipv6 == (HostPort{QStringLiteral("::1"), 7400}));
    QCOMPARE(ipv6->toString(), QStringLiteral("[::1]:7400"));
}

void TestClientAddresses::othersAreRefused_data()
{
    QTest::addColumn<QString>("text");
    for (const char* text :
         {"", "host", "host:", ":7400", "host:0", "host:65536", "host:x", "::1:7400", "[]:7400", "a b:1"})
        QTest::addRow("'%s'", text) << QString::fromLatin1(text);
}

void TestClientAddresses::othersAreRefused()
{
    QFETCH(QString, text);
    QVERIFY(!parseHostPort(text));
}

void TestClientAddresses::answersOfBothCommandsGiveAddresses()
{
    const auto pair = [](const char* name, const char* value) {
        return std::vector<RespValue>{RespValue::bulk(name), RespValue::bulk(value)};
    };
    const QString host = QStringLiteral("10.0.0.9");
    const RespValue nodes = RespValue::array(
        {RespValue::map(pair("client-address", "10.0.0.1:7400")),
         RespValue::array(pair("client-address", "0.0.0.0:7401")), // RESP2
         RespValue::map(pair("client-address", ":7402")), RespValue::map(pair("client-address", "10.0.0.1:7400")),
         RespValue::map(pair("client-address", "nonsense")), RespValue::integer(1)});
    QCOMPARE(addressesFromAnswer(nodes, host),
             QStringList(
                 {QStringLiteral("10.0.0.1:7400"), QStringLiteral("10.0.0.9:7401"), QStringLiteral("10.0.0.9:7402")}));

    const auto shardNode = [](const char* ip) {
        return RespValue::map({RespValue::bulk("port"), RespValue::integer(7000), RespValue::bulk("ip"), RespValue::bulk(ip),
                               RespValue::bulk("endpoint"), RespValue::bulk("?")});
    };
    const RespValue shards = RespValue::array({RespValue::map({RespValue::bulk("slots"), RespValue::array({}), RespValue::bulk("nodes"),
                                                               RespValue::array({shardNode("10.0.0.2"), shardNode("no host")})})});
    QCOMPARE(addressesFromAnswer(shards, host), QStringList({QStringLiteral("10.0.0.2:7000")}));
    QVERIFY(addressesFromAnswer(RespValue::error("ERR unknown command"), host).isEmpty());
    QVERIFY(addressesFromAnswer(RespValue::bulk("text"), host).isEmpty());
}

void TestClientAddresses::longestFailedIsTriedNext()
{
    AddressBook book;
    const QString a = QStringLiteral("a:1");
    const QString b = QStringLiteral("b:1");
    const QString c = QStringLiteral("c:1");
    book.setSeeds({a, b, QStringLiteral("nonsense"), c, a});
    QCOMPARE(book.all(), QStringList({a, b, c}));
    QCOMPARE(book.pick({}), a);
    book.noteFailure(a);
    QCOMPARE(book.pick({}), b);
    book.noteSuccess(b);
    book.noteFailure(b); // lost after it was good
    QCOMPARE(book.pick({}), c);
    book.noteFailure(c);
    QCOMPARE(book.pick({}), a);
    book.noteFailure(a);
    QCOMPARE(book.pick({}), b);
    QCOMPARE(book.pick({b}), c);
    QCOMPARE(book.pick({a, b, c}), QString());
}

void TestClientAddresses::learnedAddressesComeBeforeSeeds()
{
    AddressBook book;
    const QString seed = QStringLiteral("seed:1");
    const QString member = QStringLiteral("member:1");
    book.setSeeds({seed});
    QVERIFY(book.learn({member, seed}));
    QVERIFY(!book.learn({member, seed}));
    QCOMPARE(book.all(), QStringList({member, seed}));
    QCOMPARE(book.pick({}), member);
    book.noteSuccess(seed);
    QCOMPARE(book.pick({}), seed); // the last good one
    QVERIFY(book.learn({member}));
    QCOMPARE(book.all(), QStringList({member, seed})); // a seed is never forgotten
}

QTEST_GUILESS_MAIN(TestClientAddresses)
#include "test_client_addresses.moc"
