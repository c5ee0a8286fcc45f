#include "node/store/log_gather.h"

#include <QTest>

#include <sqlite3.h>

#include <string>
#include <string_view>
#include <vector>

using namespace quoit;

namespace {

/// Takes down what is written to it.
struct WrittenFile
{
    sqlite3_file base; ///< first: SQLite's pointer is one to the whole
    struct Write
    {
        std::int64_t at;
        std::string bytes;
        bool operator==(const Write&) const = default;
    };
    std::vector<Write> writes;
    int code = SQLITE_OK;

    WrittenFile()
    {
        static const sqlite3_io_methods methods = [] {
            sqlite3_io_methods made{};
            made.xWrite = [](sqlite3_file* file, const void* bytes, int count, sqlite3_int64 at) {
                auto& written = *reinterpret_cast<WrittenFile*>(file);
                written.writes.push_back({at, std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(count))});
                return written.code;
            };
            return made;
        }();
        base.pMethods = &methods;
    }
};

} // namespace

class TestStoreLogGather : public QObject
{
    Q_OBJECT

private slots:
    void transactionIsOneWrite()
    {
        WrittenFile file;
        LogGather gather;
        QCOMPARE(gather.write(&file.base, "log", 0, false), SQLITE_OK);
        QCOMPARE(gather.write(&file.base, "h1", 3, true), SQLITE_OK);
        QCOMPARE(gather.write(&file.base, "page1", 5, true), SQLITE_OK);
        QCOMPARE(gather.write(&file.base, "h2", 10, true), SQLITE_OK);
        QCOMPARE(gather.write(&file.base, "page2", 12, false), SQLITE_OK);
        const std::vector<WrittenFile::Write> wanted{{0, "log"}, {3, "h1page1h2page2"}};
        QVERIFY(file.writes == wanted);
        QCOMPARE(gather.flush(&file.base), SQLITE_OK);
        QCOMPARE(file.writes.size(), wanted.size());
    }

    /// SQLite's own layer takes less than 128 KiB; pages have 64 KiB at most.
    void longTransactionIsWrittenInParts()
    {
        WrittenFile file;
        LogGather gather;
        const std::string page(65536, 'p');
        std::int64_t at = 0;
        for (int i = 0; i < 20; ++i, at += 24 + 65536) {
            QCOMPARE(gather.write(&file.base, std::string(24, 'h'), at, true), SQLITE_OK);
            QCOMPARE(gather.write(&file.base, page, at + 24, i < 19), SQLITE_OK);
        }
        std::int64_t end = 0;
        for (const auto& write : file.writes) {
            QCOMPARE(write.at, end);
            QVERIFY(write.bytes.size() < 128 * 1024);
            end += static_cast<std::int64_t>(write.bytes.size());
        }
        QCOMPARE(end, at);
    }

    /// In place, or after a rollback, whose frames are still waiting.
    void whatIsWrittenAgainComesAfterWhatWaits()
    {
        WrittenFile file;
        LogGather gather;
        QCOMPARE(gather.write(&file.base, "aaaa", 10, true), SQLITE_OK);
        QVERIFY(file.writes.empty());
        QCOMPARE(gather.write(&file.base, "bb", 10, true), SQLITE_OK);
        QCOMPARE(gather.write(&file.base, "cccccc", 12, true), SQLITE_OK);
        QCOMPARE(gather.write(&file.base, "dd", 18, false), SQLITE_OK);
        const std::vector<WrittenFile::Write> wanted{{10, "aaaa"}, {10, "bb"}, {12, "cccccc"}, {18, "dd"}};
        QVERIFY(file.writes == wanted);
    }

    void gapEndsAWrite()
    {
        WrittenFile file;
        LogGather gather;
        QCOMPARE(gather.write(&file.base, "aa", 10, true), SQLITE_OK);
        QCOMPARE(gather.write(&file.base, "bb", 20, true), SQLITE_OK);
        QCOMPARE(gather.flush(&file.base), SQLITE_OK);
        const std::vector<WrittenFile::Write> wanted{{10, "aa"}, {20, "bb"}};
        QVERIFY(file.writes == wanted);
    }

    void logThatBeginsAnewIsGatheredAgain()
    {
        WrittenFile file;
        LogGather gather;
        QCOMPARE(gather.write(&file.base, "aaaaaaaa", 100, false), SQLITE_OK);
        gather.beginAnew();
        QCOMPARE(gather.write(&file.base, "log", 0, false), SQLITE_OK);
        QCOMPARE(gather.write(&file.base, "h", 3, true), SQLITE_OK);
        QCOMPARE(gather.write(&file.base, "p", 4, false), SQLITE_OK);
        const std::vector<WrittenFile::Write> wanted{{100, "aaaaaaaa"}, {0, "log"}, {3, "hp"}};
        QVERIFY(file.writes == wanted);
    }

    void whatCouldntBeWrittenIsForgotten()
    {
        WrittenFile file;
        LogGather gather;
        QCOMPARE(gather.write(&file.base, "log", 0, false), SQLITE_OK);
        QCOMPARE(gather.write(&file.base, "h1", 3, true), SQLITE_OK);
        file.code = SQLITE_FULL;
        QCOMPARE(gather.write(&file.base, "page1", 5, false), SQLITE_FULL);
        QCOMPARE(gather.lost().begin, 3);
        QCOMPARE(gather.lost().end, 10);
        file.code = SQLITE_OK;
        file.writes.clear();
        QCOMPARE(gather.flush(&file.base), SQLITE_OK);
        QVERIFY(file.writes.empty());
        QCOMPARE(gather.write(&file.base, "h2", 3, true), SQLITE_OK);
        QCOMPARE(gather.write(&file.base, "page2", 5, false), SQLITE_OK);
        const std::vector<WrittenFile::Write> wanted{{3, "h2page2"}};
        QVERIFY(file.writes == wanted);
    }
};

QTEST_GUILESS_MAIN(TestStoreLogGather)
#include "test_store_log_gather.moc"
