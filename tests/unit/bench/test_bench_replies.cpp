// tests/unit/bench/test_bench_replies.cpp - the load generator must not miscount what a server answers.
#include "tests/bench/load/reply_scanner.h"

#include <QTest>

#include <string>

using namespace quoit::bench;

namespace {

/// All replies in the stream as "kind number text", or "broken" at the end; fed in pieces of pieceBytes.
std::string scanned(std::string_view stream, std::size_t pieceBytes)
{
    ReplyScanner scanner;
    std::string out;
    while (!stream.empty()) {
        std::string_view piece = stream.substr(0, pieceBytes);
        stream.remove_prefix(piece.size());
        while (true) {
            ScannedReply reply;
            const ReplyScanner::Step step = scanner.next(piece, reply);
            if (step == ReplyScanner::Step::Broken)
                return out + "broken";
            if (step == ReplyScanner::Step::NeedMore)
                break;
            out +=
                std::string(1, reply.kind) + " " + std::to_string(reply.number) + " " + std::string(reply.text) + "|";
        }
    }
    return out;
}

} // namespace

class TestBenchReplies : public QObject
{
    Q_OBJECT
private slots:
    void everyReplyIsFoundOnceHoweverItArrives();
    void whatIsNoReplyIsRefused_data();
    void whatIsNoReplyIsRefused();
};

void TestBenchReplies::everyReplyIsFoundOnceHoweverItArrives()
{
    const std::string stream = "+OK\r\n:2\r\n$5\r\na\r\n+b\r\n$0\r\n\r\n$-1\r\n_\r\n-ERR no\r\n:-7\r\n+\r\n";
    const std::string expected = "+ 0 OK|: 2 2|$ 5 |$ 0 |$ -1 -1|_ 0 |- 0 ERR no|: -7 -7|+ 0 |";
    for (std::size_t pieceBytes = 1; pieceBytes <= stream.size(); ++pieceBytes)
        QCOMPARE(scanned(stream, pieceBytes), expected);
}

void TestBenchReplies::whatIsNoReplyIsRefused_data()
{
    QTest::addColumn<QByteArray>("stream");
    QTest::newRow("array") << QByteArray("*1\r\n+OK\r\n");
    QTest::newRow("no carriage return") << QByteArray("+OK\n");
    QTest::newRow("no number") << QByteArray("$x\r\n");
    QTest::newRow("half a number") << QByteArray(":1x\r\n");
    QTest::newRow("negative length") << QByteArray("$-2\r\n");
    QTest::newRow("endless line") << QByteArray(5000, '+');
}

void TestBenchReplies::whatIsNoReplyIsRefused()
{
    QFETCH(QByteArray, stream);
    QCOMPARE(scanned(stream.toStdString(), 7), std::string("broken"));
    QCOMPARE(scanned(stream.toStdString(), 9999), std::string("broken"));
}

QTEST_APPLESS_MAIN(TestBenchReplies)
#include "test_bench_replies.moc"
