// console/desktop/change_progress_view.h - the change in progress: how far it is, what can be done about it, and what
// waits behind it.
#pragma once

#include "console/cluster/change_desk.h"
#include "console/desktop/cards.h"
#include "console/desktop/ring_view.h"

#include <QGridLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QSpinBox>

#include <vector>

namespace quoit {

class ChangeProgressView : public Card
{
    Q_OBJECT

public:
    explicit ChangeProgressView(Workspace& workspace, QWidget* parent = nullptr);

    /// Shows what the workspace's desk knows. @return whether there is anything: a change in progress or one that waits
    bool refresh();
    void restyle();
    bool isPaused() const { return m_isPaused; }
    /// What the last command led to, in the node's words; empty: nothing to say.
    void setProblem(const QString& text);
    /// Opens the question. @param number of the change in progress or of one that waits; text its steps in words
    void askToAbort(quint64 number, const QString& text, bool isWaiting);
    void pauseOrResume();

private:
    /// One node that copies.
    struct Row
    {
        NodeId node = noNode;
        QLabel* name = nullptr;
        QProgressBar* bar = nullptr;
        QLabel* text = nullptr;
    };
    /// One change that waits.
    struct Waiting
    {
        quint64 number = 0;
        QWidget* row = nullptr;
    };

    QLayout* makeFigures();
    QLayout* makeActions();
    void showFigures(const ChangesReport& report);
    void showNodes(const ChangesReport& report);
    void showQueue(const ChangesReport& report);
    QString nodeName(NodeId id) const;
    bool isAnythingMoving() const;
    ChangeDesk::DoneCallback reportProblem();

    bool m_isPaused = false;
    quint64 m_number = 0;
    RingView* m_ring;
    QLabel* m_text;
    QLabel* m_state;
    QProgressBar* m_bar;
    QLabel* m_copied;
    QLabel* m_bytes;
    QLabel* m_rate;
    QLabel* m_left;
    QGridLayout* m_nodes;
    std::vector<Row> m_rows;
    QPushButton* m_pause;
    QPushButton* m_abort;
    QSpinBox* m_limit;
    QPushButton* m_setLimit;
    QLabel* m_problem;
    QLabel* m_queueTitle;
    QVBoxLayout* m_queue;
    std::vector<Waiting> m_waiting;
    std::vector<QWidget*> m_running; ///< hidden while changes only wait
};

} // namespace quoit
