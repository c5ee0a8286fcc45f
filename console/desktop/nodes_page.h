// console/desktop/nodes_page.h - the members as a table, and one of them in detail: its log, and what can be done to
// it.
#pragma once

#include "console/desktop/cards.h"
#include "console/desktop/node_model.h"
#include "console/desktop/page.h"

#include <QLabel>
#include <QPlainTextEdit>
#include <QPointer>
#include <QPushButton>
#include <QTableView>

namespace quoit {

class NodesPage : public Page
{
    Q_OBJECT

public:
    explicit NodesPage(Workspace& workspace, QWidget* parent = nullptr);

    QWidget* firstField() override { return m_table; }

protected:
    void refresh() override;
    void restyle() override;

private:
    QWidget* makeDetails();
    void followSelection();
    void showDetails();
    void showLog(NodeProcess* process);
    void askAndKill();

    NodeModel* m_model;
    QTableView* m_table;
    Card* m_details;
    QLabel* m_facts;
    QLabel* m_hint;
    QPushButton* m_start;
    QPushButton* m_stop;
    QPushButton* m_restart;
    QPushButton* m_kill;
    QPlainTextEdit* m_log;
    QPointer<NodeProcess> m_logOf;
};

} // namespace quoit
