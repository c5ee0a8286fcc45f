// tests/cluster/test_power_loss_vfs.cpp - the file layer of quoit-node-faulty does what it says: else the tests that
// rely on it would prove nothing.
#include "tests/cluster/held_file.h"
#include "tests/cluster/power_loss_vfs.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>

#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace quoit::test;

namespace {

constexpr const char* layer = "unix-excl"; // as the store asks for it

/// A connection that ends with its scope.
class Connection
{
public:
    explicit Connection(const QString& folder)
    {
        const QByteArray name = (folder + QStringLiteral("/test.db")).toUtf8();
        m_code = sqlite3_open_v2(name.constData(), &m_handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, layer);
    }
    ~Connection() { sqlite3_close(m_handle); }
    int run(const char* sql)
    {
        return m_code == SQLITE_OK ? sqlite3_exec(m_handle, sql, nullptr, nullptr, nullptr) : m_code;
    }
    int number(const char* sql)
    {
        sqlite3_stmt* statement = nullptr;
        sqlite3_prepare_v2(m_handle, sql, -1, &statement, nullptr);
        const int found = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int(statement, 0) : -1;
        sqlite3_finalize(statement);
        return found;
    }

private:
    sqlite3* m_handle = nullptr;
    int m_code = SQLITE_OK;
};

constexpr const char* prepareSql = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                   "CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)";

/// Runs SQL in a process that then ends without warning. @return true if all of it succeeded
bool runAndDie(const QString& folder, const char* sql)
{
    const pid_t child = ::fork();
    if (child == 0) {
        Connection connection(folder);
        if (connection.run(sql) != SQLITE_OK)
            std::_Exit(1);
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

void setFaults(const QString& folder, const char* text)
{
    QFile file(folder + QStringLiteral("/faults"));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(text);
    file.close();
    QTest::qWait(30); // they are looked up every 10 ms
}

} // namespace

class TestPowerLossVfs : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { installPowerLossVfs(); }
    void init();
    void whatWasSyncedSurvives();
    void whatWasNotSyncedIsForgotten();
    void whatLeakedLeavesAWholeDatabase();
    void orderlyEndKeepsEverything();
    void failedSyncLosesWhatItShouldHaveWritten();
    void fullDiskTakesNothing();
    void truncatedBytesStayAway();

private:
    std::unique_ptr<QTemporaryDir> m_folder;
    QString path() const { return m_folder->path(); }
};

void TestPowerLossVfs::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    QVERIFY(runAndDie(path(), prepareSql));
}

void TestPowerLossVfs::whatWasSyncedSurvives()
{
    QVERIFY(runAndDie(path(), "PRAGMA synchronous = FULL; INSERT INTO t VALUES(1, 'a'); INSERT INTO t VALUES(2, 'b')"));
    QCOMPARE(Connection(path()).number("SELECT count(*) FROM t"), 2);
}

void TestPowerLossVfs::whatWasNotSyncedIsForgotten()
{
    QVERIFY(runAndDie(path(), "PRAGMA synchronous = FULL; INSERT INTO t VALUES(1, 'a');"
                              "PRAGMA synchronous = OFF; INSERT INTO t VALUES(2, 'b')"));
    QCOMPARE(Connection(path()).number("SELECT count(*) FROM t"), 1);
}

void TestPowerLossVfs::whatLeakedLeavesAWholeDatabase()
{
    setFaults(path(), "leak-permille 500\n");
    QByteArray sql = "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 20;";
    for (int i = 0; i < 200; ++i)
        sql += "INSERT INTO t VALUES(NULL, randomblob(3000));";
    QVERIFY(runAndDie(path(), sql + "PRAGMA synchronous = NORMAL;" + sql));
    Connection connection(path());
    QVERIFY(connection.number("SELECT count(*) FROM t") >= 200);
    QCOMPARE(connection.number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
}

void TestPowerLossVfs::orderlyEndKeepsEverything()
{
    QCOMPARE(Connection(path()).run("PRAGMA synchronous = OFF; INSERT INTO t VALUES(1, 'a')"), SQLITE_OK);
    QCOMPARE(Connection(path()).number("SELECT count(*) FROM t"), 1);
}

void TestPowerLossVfs::failedSyncLosesWhatItShouldHaveWritten()
{
    {
        Connection connection(path());
        QCOMPARE(connection.run("PRAGMA synchronous = FULL; INSERT INTO t VALUES(1, 'a')"), SQLITE_OK);
        setFaults(path(), "sync-fails 1\n");
        QCOMPARE(connection.run("INSERT INTO t VALUES(2, 'b')"), SQLITE_IOERR);
    }
    QVERIFY(QFile::remove(path() + QStringLiteral("/faults")));
    QCOMPARE(Connection(path()).number("SELECT count(*) FROM t"), 1);
}

void TestPowerLossVfs::fullDiskTakesNothing()
{
    Connection connection(path());
    QCOMPARE(connection.run("PRAGMA synchronous = FULL; INSERT INTO t VALUES(1, 'a')"), SQLITE_OK);
    setFaults(path(), "full 1\n");
    QCOMPARE(connection.run("INSERT INTO t VALUES(2, randomblob(100000))"), SQLITE_FULL);
    QCOMPARE(connection.number("SELECT count(*) FROM t"), 1);
    setFaults(path(), "");
    QCOMPARE(connection.run("INSERT INTO t VALUES(2, randomblob(100000))"), SQLITE_OK);
}

void TestPowerLossVfs::truncatedBytesStayAway()
{
    QVERIFY(runAndDie(path(), "PRAGMA synchronous = FULL; INSERT INTO t VALUES(1, randomblob(300000)); DELETE FROM t;"
                              "VACUUM; PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO t VALUES(2, 'b')"));
    Connection connection(path());
    QCOMPARE(connection.number("SELECT a FROM t"), 2);
    QVERIFY(connection.number("PRAGMA page_count") < 10);
    QCOMPARE(connection.number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
}

QTEST_GUILESS_MAIN(TestPowerLossVfs)
#include "test_power_loss_vfs.moc"
