// console/desktop/nodes_page.h - the members as a table, and one of them in detail: its log, and what can be done to
// it.
#pragma once

#include "console/desktop/cards.h"
#include "console/desktop/node_model.h"
#include "console/desktop/page.h"
#include "console/desktop/time_series_view.h"

#include <QLabel>
#include <QPlainTextEdit>
#include <QPointer>
#include <QPushButton>
#include <QSplitter>
#include <QTableView>

#include <array>

namespace quoit {

/// What the page offers where the cluster runs on this machine.
struct LocalActions
{
    bool isLocal = false;
    QString note;         ///< what is being done, or how it ended
    QString whyNotAdd;    ///< for people; empty: a node can be added
    QString whyNotRemove; ///< likewise for removing the selected one
};

class NodesPage : public Page
{
    Q_OBJECT

public:
    explicit NodesPage(Workspace& workspace, QWidget* parent = nullptr);

    QWidget* firstField() override { return m_table; }
    void arrange(bool isNarrow) override;
    int shortBelow() const override { return 640; } ///< five rows, a node's figures and two charts
    void setShort(bool isShort) override;
    void setLocalActions(const LocalActions& actions);

Q_SIGNALS:
    void addNodeWanted();
    void removeNodeWanted(quoit::NodeId node);

protected:
    void refresh() override;
    void restyle() override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    QWidget* makeDetails();
    QWidget* makeLocalFoot();
    int rowPixels() const;
    void fitColumns();
    void fitFigures();
    void fitRows();
    void followSelection();
    void showDetails();
    void showCharts();
    void showLog(NodeProcess* process);
    void askAndKill();

    NodeModel* m_model;
    QSplitter* m_splitter;
    QBoxLayout* m_lower;
    std::array<TimeSeriesView*, 2> m_charts;
    int m_fittedRows = 0;
    bool m_isNarrow = false;
    bool m_isShort = false;
    bool m_isWide = false; ///< the table, for its place
    QTableView* m_table;
    Card* m_details;
    QLabel* m_facts;
    NodeFigures* m_figures;
    class QScrollArea* m_figuresPlace;
    QLabel* m_hint;
    QPushButton* m_start;
    QPushButton* m_stop;
    QPushButton* m_restart;
    QPushButton* m_kill;
    QPushButton* m_remove;
    QWidget* m_localFoot;
    QLabel* m_localNote;
    QPushButton* m_add;
    QPlainTextEdit* m_log;
    QPointer<NodeProcess> m_logOf;
};

} // namespace quoit
