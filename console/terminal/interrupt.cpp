#include "console/terminal/interrupt.h"

#include "shared/base/result.h"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

namespace quoit::terminal {

namespace {

constexpr std::array signalNumbers = {SIGINT, SIGTERM, SIGHUP};

volatile std::sig_atomic_t writeEnd = -1; // a handler can reach nothing but globals

void onSignal(int number)
{
    const char byte = 1;
    [[maybe_unused]] const auto written = write(writeEnd, &byte, 1);
    std::signal(number, SIG_DFL);
}

} // namespace

Interrupt::Interrupt(QObject* parent)
    : QObject(parent)
{
    QUOIT_ENSURE(writeEnd == -1);
    int ends[2];
    QUOIT_ENSURE(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    m_readEnd = ends[0];
    writeEnd = ends[1];
    m_notifier = std::make_unique<QSocketNotifier>(m_readEnd, QSocketNotifier::Read);
    connect(m_notifier.get(), &QSocketNotifier::activated, this, &Interrupt::onReadable);
    for (const int number : signalNumbers)
        std::signal(number, onSignal);
}

Interrupt::~Interrupt()
{
    for (const int number : signalNumbers)
        std::signal(number, SIG_DFL);
    m_notifier.reset();
    close(m_readEnd);
    close(writeEnd);
    writeEnd = -1;
}

void Interrupt::onReadable()
{
    m_notifier->setEnabled(false);
    m_isRequested = true;
    Q_EMIT requested();
}

} // namespace quoit::terminal
