// node/app/main.cpp - quoit-node: reads the options, runs one NodeService until a signal ends it.
// Exit codes: 0 stopped as asked, 1 something failed, 2 the command line can't be used.
#include "node/app/allocator.h"
#include "node/app/options.h"
#include "node/app/ready_file.h"
#include "node/app/stdin_tether.h"
#include "node/server/epoll_dispatcher.h"
#include "node/server/log.h"
#include "node/server/node_service.h"
#include "node/server/unix_signals.h"

#include <QCoreApplication>
#include <QTimer>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <optional>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

#ifdef QUOIT_MIMALLOC
#include <mimalloc.h>
#endif

namespace {

/// One descriptor per connection: as many as the system allows.
void raiseDescriptorLimit()
{
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

constexpr std::chrono::milliseconds collectInterval{5000};
constexpr std::chrono::milliseconds stopMax{4000}; ///< service managers and people lose patience after five seconds

/// Whatever holds an orderly end up, a slow disk or a long backlog: what was acknowledged is on disk already, and the
/// next start does the rest, as after a power cut.
void endInTime()
{
    std::thread([] {
        std::this_thread::sleep_for(stopMax);
        quoit::logLine(quoit::LogLevel::Warning, "stopped before everything was tidied up, which took too long; the "
                                                 "next start does the rest, nothing that was acknowledged is lost");
        _exit(0);
    }).detach();
}

int fail(const std::string& message)
{
    quoit::logLine(quoit::LogLevel::Error, message);
    return 1;
}

} // namespace

int main(int argc, char** argv)
{
#ifdef QUOIT_MIMALLOC
    // Records lie anywhere in memory: with small pages a lookup waits for the page table more than for the record.
    mi_option_enable(mi_option_large_os_pages);
#endif
    QCoreApplication::setEventDispatcher(new quoit::EpollDispatcher);
    QCoreApplication application(argc, argv);
    QCoreApplication::setApplicationName(QStringLiteral("quoit-node"));
    QCoreApplication::setApplicationVersion(QStringLiteral(QUOIT_VERSION));

    auto parsed = quoit::parseNodeOptions(QCoreApplication::arguments());
    if (const auto* text = std::get_if<quoit::TextAndExit>(&parsed)) {
        std::fputs(text->text.c_str(), text->exitCode == 0 ? stdout : stderr);
        return text->exitCode;
    }
    quoit::NodeOptions& options = std::get<quoit::NodeOptions>(parsed);
    raiseDescriptorLimit();
    ::umask(S_IRWXG | S_IRWXO); // everything is in the files of the data folder
    if (options.allowInsecure)
        quoit::logLine(quoit::LogLevel::Warning,
                       "--allow-insecure: whoever can reach the ports can read and change everything");

    options.service.allocatedBytes = quoit::allocatedBytes;
    options.service.allocator = quoit::allocatorName();

    quoit::NodeService* running = nullptr;
    // Before the store starts its thread, so that the signals are blocked there too.
    const quoit::UnixSignals signals([&running, isEnding = false](int) mutable {
        if (!std::exchange(isEnding, true))
            endInTime();
        if (running)
            running->beginStop();
    });
    std::optional<quoit::StdinTether> tether;
    if (options.endWithStdin)
        tether.emplace();
    quoit::NodeService service(options.service, [](int exitCode) { QCoreApplication::exit(exitCode); });
    running = &service;
    if (const quoit::Result<void> started = service.start(); !started)
        return fail(started.error().message);
    if (!options.readyFile.empty()) {
        if (const quoit::Result<void> written = quoit::writeReadyFile(options.readyFile, service); !written)
            return fail(written.error().message);
    }
    quoit::logLine(quoit::LogLevel::Info,
                   "quoit-node " QUOIT_VERSION " takes clients on " + service.clientAddress() + ", nodes on " +
                       service.peerAddress() +
                       (service.httpAddress().empty() ? std::string() : ", HTTP on " + service.httpAddress()));
#ifdef QUOIT_MIMALLOC
    // What a burst of large requests took goes back to the system once it is over, and not only when the next one comes.
    QTimer collector;
    QObject::connect(&collector, &QTimer::timeout, [before = std::clock()]() mutable {
        const std::clock_t used = std::clock() - std::exchange(before, std::clock());
        if (used < CLOCKS_PER_SEC / 2) // of five seconds: it is quiet
            mi_collect(true);
    });
    collector.start(collectInterval);
#endif
    return QCoreApplication::exec();
}
