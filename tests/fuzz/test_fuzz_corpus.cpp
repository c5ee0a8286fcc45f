// Replays the fuzzers' corpora through the same functions, and some mutations of them: what a fuzzer once found stays
// mended, also for people without clang.
#include "shared/base/random.h"

#include <QDirIterator>
#include <QFile>
#include <QtTest>

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

// In the order of their names.
// clang-format off
#define QUOIT_FUZZ_TARGETS(X) \
    X(cluster_map) X(commands) X(core) X(frames) X(globs) X(hello) X(imports) X(log_entries) X(node_options) \
    X(numbers) X(records) X(replies) X(reports) X(requests) X(terminal_options) X(text)
// clang-format on

#define QUOIT_DECLARE(name) extern "C" int fuzz_##name(const std::uint8_t* data, std::size_t byteCount);
QUOIT_FUZZ_TARGETS(QUOIT_DECLARE)

namespace {

using quoit::Random;

struct Target
{
    const char* name;
    int (*run)(const std::uint8_t*, std::size_t);
};

#define QUOIT_ROW(name) {#name, fuzz_##name},
constexpr Target targets[] = {QUOIT_FUZZ_TARGETS(QUOIT_ROW)};

constexpr int mutationsPerTarget = 5000;
constexpr std::size_t inputBytesMax = 4096;

/// What runs at the moment, for whoever reads the ruins.
const char* runningTarget = "";
std::string runningInput;

/// Prints the input that ended the process, and goes on dying.
void showInput(int signal)
{
    std::fprintf(stderr, "fuzz target %s ended by signal %d with this input (hex):\n", runningTarget, signal);
    for (const char byte : runningInput)
        std::fprintf(stderr, "%02x", static_cast<unsigned char>(byte));
    std::fprintf(stderr, "\n");
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

QString corpusFolder()
{
    return QStringLiteral(QUOIT_SOURCE_DIR "/tests/fuzz/corpus");
}

/// In the order of their names, so that every machine mutates the same.
std::vector<std::string> corpusOf(const Target& target)
{
    const QDir folder(corpusFolder() + QLatin1Char('/') + QLatin1String(target.name));
    std::vector<std::string> inputs;
    for (const QString& name : folder.entryList(QDir::Files, QDir::Name)) {
        QFile file(folder.filePath(name));
        if (file.open(QIODevice::ReadOnly))
            inputs.push_back(file.readAll().toStdString());
    }
    return inputs;
}

void runOne(const Target& target, const std::string& input)
{
    runningInput = input;
    target.run(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

void mutateOnce(Random& random, std::string& input, const std::string& other)
{
    const std::size_t at = random.below(input.size() + 1);
    const std::size_t byteCount = 1 + random.below(8);
    switch (random.below(6)) {
    case 0:
        input.insert(at, byteCount, static_cast<char>(random.next()));
        break;
    case 1:
        input.erase(at, byteCount);
        break;
    case 2:
        input.insert(at, input.substr(random.below(input.size() + 1), byteCount));
        break;
    case 3: // the front of one, the back of another
        input = input.substr(0, at) + other.substr(random.below(other.size() + 1));
        break;
    case 4:
        if (at < input.size())
            input[at] = static_cast<char>(input[at] ^ (1 << random.below(8)));
        break;
    default: // lengths, signs, ends
        if (at < input.size())
            input[at] = "\0\1\x7f\x80\xff\r\n -0"[random.below(10)];
        break;
    }
    input.resize(std::min(input.size(), inputBytesMax));
}

} // namespace

class TestFuzzCorpus : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        std::signal(SIGABRT, showInput);
        std::signal(SIGSEGV, showInput);
    }

    void everyFolderHasATarget()
    {
        QStringList names;
        for (const Target& target : targets)
            names << QLatin1String(target.name);
        QCOMPARE(QDir(corpusFolder()).entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name), names);
    }

    void corpusStaysSmall()
    {
        qint64 bytes = 0;
        for (QDirIterator walk(corpusFolder(), QDir::Files, QDirIterator::Subdirectories); walk.hasNext();) {
            walk.next();
            bytes += walk.fileInfo().size();
        }
        QVERIFY2(bytes < 1'000'000, qPrintable(QString::number(bytes)));
    }

    void inputsKeepTheirPromises_data()
    {
        QTest::addColumn<int>("index");
        for (int i = 0; i < int(std::size(targets)); ++i)
            QTest::newRow(targets[i].name) << i;
    }
    void inputsKeepTheirPromises()
    {
        QFETCH(int, index);
        const Target& target = targets[index];
        runningTarget = target.name;
        const std::vector<std::string> corpus = corpusOf(target);
        QVERIFY(!corpus.empty());
        runOne(target, {});
        for (const std::string& input : corpus)
            runOne(target, input);
        Random random(20250101);
        for (int i = 0; i < mutationsPerTarget; ++i) {
            std::string input = corpus[random.below(corpus.size())];
            for (std::uint64_t times = 1 + random.below(4); times > 0; --times)
                mutateOnce(random, input, corpus[random.below(corpus.size())]);
            runOne(target, input);
        }
    }
};

QTEST_APPLESS_MAIN(TestFuzzCorpus)
#include "test_fuzz_corpus.moc"
