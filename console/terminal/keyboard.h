// console/terminal/keyboard.h - single keys, without Return, while a live view is on the screen.
#pragma once

#include <QObject>
#include <QSocketNotifier>

#include <memory>
#include <termios.h>

namespace quoit::terminal {

/// While it lives, keys are neither shown nor gathered into lines; Ctrl+C works as ever. Does nothing without a
/// terminal.
class Keyboard : public QObject
{
    Q_OBJECT

public:
    explicit Keyboard(QObject* parent = nullptr);
    /// Leaves the terminal as it was found.
    ~Keyboard() override;

    bool isThere() const { return m_notifier != nullptr; }

Q_SIGNALS:
    void pressed(char key);

private:
    void onReadable();

    termios m_before{};
    std::unique_ptr<QSocketNotifier> m_notifier;
};

} // namespace quoit::terminal
