// console/terminal/transfer_commands.cpp - import and export: opens the files, shows the progress, prints the balance.
#include "console/terminal/commands.h"

#include "console/terminal/exporter.h"
#include "console/terminal/importer.h"
#include "console/terminal/interrupt.h"
#include "console/terminal/json_text.h"
#include "console/terminal/progress.h"

#include <QEventLoop>
#include <QSaveFile>
#include <QTimer>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace quoit::terminal {

namespace {

constexpr int nodesMax = 64; ///< to send to at the same time
constexpr Milliseconds progressInterval = 100ms;
constexpr const char* interrupted = "Interrupted";

TimePoint now()
{
    return TimePoint(std::chrono::duration_cast<Microseconds>(std::chrono::steady_clock::now().time_since_epoch()));
}

double secondsSince(TimePoint begun)
{
    return std::chrono::duration<double>(now() - begun).count();
}

std::string inTime(std::uint64_t count, double seconds)
{
    return countText(count) + " keys in " + latencyText(static_cast<std::uint64_t>(seconds * 1e6) + 1) + ", " +
           figure(seconds > 0 ? static_cast<double>(count) / seconds : 0) + "/s";
}

/// Runs a job to its end, with a progress line; Ctrl+C stops it in order.
/// @param look gives the figures of this moment to the progress
template <typename Job>
void runJob(Job& job, Output& output, Progress& progress, const std::function<void(Progress&)>& look)
{
    QEventLoop loop;
    Interrupt interrupt;
    QTimer timer;
    QObject::connect(&interrupt, &Interrupt::requested, &job, [&] { job.stop(interrupted); });
    QObject::connect(&timer, &QTimer::timeout, &job, [&] {
        look(progress);
        output.progress(progress.line(output.extent().columns - 1, output.errorStyle()));
    });
    QObject::connect(&job, &Job::finished, &loop, &QEventLoop::quit);
    timer.start(progressInterval);
    job.start();
    loop.exec();
    output.clearProgress();
}

std::string failedLinesJson(const ImportResult& result)
{
    std::vector<std::string> list;
    for (const FailedLine& failed : result.failedLines)
        list.push_back(jsonObject({{"line", std::to_string(failed.line)}, {"error", jsonString(failed.error)}}));
    return jsonList(list);
}

int reportImport(const ImportResult& result, double seconds, const Options& options, Output& output)
{
    if (options.json) {
        output.line(
            jsonObject({{"imported", std::to_string(result.imported)},
                        {"failed", std::to_string(result.failed)},
                        {"seconds", std::to_string(seconds)},
                        {"failed-lines", failedLinesJson(result)},
                        {"stopped", result.stoppedBecause.empty() ? "null" : jsonString(result.stoppedBecause)}}));
    } else {
        for (const FailedLine& failed : result.failedLines)
            output.note("line " + std::to_string(failed.line) + ": " + printable(failed.error));
        if (result.failed > result.failedLines.size() && !result.failedLines.empty())
            output.note("and " + countText(result.failed - result.failedLines.size()) + " more");
        output.line(countText(result.imported) + " imported, " + countText(result.failed) + " failed (" +
                    inTime(result.imported + result.failed, seconds) + ")");
        if (!result.stoppedBecause.empty())
            output.complain(printable(result.stoppedBecause) + " The rest wasn't imported; importing again is safe.");
    }
    if (result.stoppedBecause == interrupted)
        return exitInterrupted;
    return result.failed > 0 || !result.stoppedBecause.empty() ? exitNotDone : exitDone;
}

int reportExport(const ExportResult& result, double seconds, const Options& options, Output& output,
                 bool toStandardOutput)
{
    const std::string problem = !result.stoppedBecause.empty() ? result.stoppedBecause : result.firstError;
    if (options.json && !toStandardOutput)
        output.line(jsonObject({{"exported", std::to_string(result.exported)},
                                {"failed", std::to_string(result.failed)},
                                {"seconds", std::to_string(seconds)},
                                {"problem", problem.empty() ? "null" : jsonString(problem)}}));
    else
        output.note(countText(result.exported) + " exported, " + countText(result.failed) + " failed (" +
                    inTime(result.exported + result.failed, seconds) + ")");
    if (!problem.empty())
        output.complain(printable(problem));
    if (result.stoppedBecause == interrupted)
        return exitInterrupted;
    return problem.empty() ? exitDone : exitNotDone;
}

} // namespace

int runImport(Session& session, const Options& options)
{
    Output& output = session.output();
    const std::string& name = options.arguments[0];
    const auto format = formatOf(options.file, name);
    if (!format) {
        output.complain(format.error().message);
        return exitUsage;
    }
    auto input = InputFile::open(name);
    if (!input)
        return session.refuse(input.error().message);
    if (!session.connectToCluster())
        return session.failure();
    session.client().setSpread(nodesMax);
    Importer importer(session.client(), *input.value(), ImportSource(options.file, format.value()),
                      {.requestsMax = options.window, .failedLinesMax = options.errorsMax});
    const TimePoint begun = now();
    Progress progress("import", input.value()->bytesTotal(), begun);
    runJob(importer, output, progress, [&](Progress& p) {
        const ImportResult& result = importer.result();
        p.update(importer.bytesRead(), result.imported + result.failed, result.failed, now());
    });
    return reportImport(importer.result(), secondsSince(begun), options, output);
}

int runExport(Session& session, const Options& options)
{
    Output& output = session.output();
    const std::string& name = options.arguments[0];
    const auto format = formatOf(options.file, name);
    if (!format) {
        output.complain(format.error().message);
        return exitUsage;
    }
    const bool toStandardOutput = name == "-";
    QSaveFile file(QString::fromLocal8Bit(name.c_str()));
    if (!toStandardOutput && !file.open(QIODevice::WriteOnly))
        return session.refuse("\"" + name + "\" can't be written: " + file.errorString().toStdString() + ".");
    if (!session.connectToCluster())
        return session.failure();
    const auto keyCount = session.ask({"DBSIZE"});
    if (!keyCount)
        return session.failure();
    session.client().setSpread(nodesMax);
    Exporter exporter(session.client(),
                      RecordWriter(format.value(), delimiterOf(options.file, format.value()), options.file.hasHeader),
                      options.match, {.keysMax = options.window}, [&](std::string_view bytes) -> std::string {
                          if (toStandardOutput)
                              return output.write(bytes) ? std::string()
                                                         : std::string("Writing failed: ") + std::strerror(errno) + ".";
                          if (file.write(bytes.data(), static_cast<qint64>(bytes.size())) < 0)
                              return "Writing failed: " + file.errorString().toStdString() + ".";
                          return {};
                      });
    const TimePoint begun = now();
    // Who asks for some keys only doesn't know how many there are.
    const std::uint64_t total = options.match.empty() ? static_cast<std::uint64_t>(keyCount->integerValue) : 0;
    Progress progress("export", total, begun);
    runJob(exporter, output, progress, [&](Progress& p) {
        const ExportResult& result = exporter.result();
        const std::uint64_t done = result.exported + result.failed;
        p.update(done, done, result.failed, now());
    });
    const bool isWhole = exporter.result().stoppedBecause.empty();
    if (!toStandardOutput && isWhole && !file.commit())
        return session.refuse("\"" + name + "\" can't be written: " + file.errorString().toStdString() + ".");
    return reportExport(exporter.result(), secondsSince(begun), options, output, toStandardOutput);
}

} // namespace quoit::terminal
