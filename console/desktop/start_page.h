// console/desktop/start_page.h - what a person sees first: a new cluster on this machine, or one that exists.
#pragma once

#include "console/desktop/cards.h"

#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>

namespace quoit {

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
    void restyle();

    Workspace& m_workspace;
    QSpinBox* m_count;
    QPushButton* m_start;
    QLabel* m_localText;
    QLabel* m_localProgress;
    QLineEdit* m_address;
    QPushButton* m_connect;
    QLabel* m_remoteProblem;
    QVBoxLayout* m_recent;
};

} // namespace quoit
