// console/terminal/interrupt.h - Ctrl+C and SIGTERM as a Qt signal, so that a command can end in order.
#pragma once

#include <QObject>
#include <QSocketNotifier>

#include <memory>

namespace quoit::terminal {

/// While it lives, SIGINT, SIGTERM and SIGHUP are told here instead of ending the process. One at a time.
/// The second Ctrl+C ends the process at once, in case the orderly end hangs.
class Interrupt : public QObject
{
    Q_OBJECT

public:
    explicit Interrupt(QObject* parent = nullptr);
    ~Interrupt() override;

    bool isRequested() const { return m_isRequested; }

Q_SIGNALS:
    void requested();

private:
    void onReadable();

    int m_readEnd = -1;
    std::unique_ptr<QSocketNotifier> m_notifier;
    bool m_isRequested = false;
};

} // namespace quoit::terminal
