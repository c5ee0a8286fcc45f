// console/desktop/start_page.h - what a person sees first: a new cluster on this machine, or one that exists.
#pragma once

#include "console/desktop/cards.h"

#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QTimer>

namespace quoit {

/// Turns while something is waited for; still where motion is reduced.
class Spinner : public QWidget
{
    Q_OBJECT

public:
    explicit Spinner(Workspace& workspace, QWidget* parent = nullptr);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    Workspace& m_workspace;
    QTimer m_timer;
    int m_angle = 0; ///< degrees
};

class StartPage : public QWidget
{
    Q_OBJECT

public:
    explicit StartPage(Workspace& workspace, QWidget* parent = nullptr);

    void refresh();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QWidget* makeLocal();
    QWidget* makeRemote();
    void connectNow(const QString& addresses);
    void showRecent();
    void showAttempt();
    void restyle();

    Workspace& m_workspace;
    QSpinBox* m_count;
    QPushButton* m_start;
    QLabel* m_localText;
    QLabel* m_localProgress;
    QLineEdit* m_address;
    QPushButton* m_connect;
    QPushButton* m_cancel;
    Spinner* m_spinner;
    QLabel* m_attempt; ///< how connecting goes
    QLabel* m_remoteProblem;
    QVBoxLayout* m_recent;
    QStringList m_shownRecent;
    bool m_isRestyled = true; ///< icons are to be made anew
};

} // namespace quoit
