// console/desktop/ring_page.h - the ring in full, a key's place on it, and the same as a table.
#pragma once

#include "console/desktop/cards.h"
#include "console/desktop/hot_keys_panel.h"
#include "console/desktop/page.h"
#include "console/desktop/pretend_down.h"
#include "console/desktop/ring_table_model.h"
#include "console/desktop/ring_view.h"

#include <QLineEdit>
#include <QPushButton>
#include <QStackedWidget>
#include <QTableView>
#include <QTimer>

namespace quoit {

class LocateView;
class NodeLegend;

class RingPage : public Page
{
    Q_OBJECT

public:
    explicit RingPage(Workspace& workspace, QWidget* parent = nullptr);

    QWidget* firstField() override { return m_key; }
    void arrange(bool isNarrow) override;
    /// Drops the pin at a key's place. @param key empty: takes it away
    void pinKey(const QString& key);
    /// The same for a key of any bytes: where it is no text, only the pin is shown.
    void pinBytes(const std::string& key);
    HotKeysPanel* hotKeys() const { return m_hotKeys; }
    /// "Pretend down": ticked nodes count as down, and the ring shows what would be lost. @param node to begin with; noNode: none
    void setPretending(bool isPretending, NodeId node = noNode);
    bool isPretending() const { return m_isPretending->isChecked(); }
    PretendDown* pretendDown() const { return m_pretend; }

protected:
    void refresh() override;
    void restyle() override;

private:
    QWidget* makeSide();
    QWidget* makeNodes();
    void clickNode(NodeId node);
    void showPretended();
    void locate();
    void onLocated(const QString& key, const Result<LocateReport>& report);

    QBoxLayout* m_row;
    QWidget* m_side;
    RingView* m_ring;
    QTableView* m_table;
    RingTableModel* m_tableModel;
    QStackedWidget* m_views;
    QPushButton* m_asTable;
    QLineEdit* m_key;
    LocateView* m_located;
    HotKeysPanel* m_hotKeys;
    NodeLegend* m_legend;
    Card* m_nodes;
    QStackedWidget* m_nodeViews; ///< the legend, or the nodes to pretend down
    PretendDown* m_pretend;
    QPushButton* m_isPretending;
    QTimer m_locateTimer; // asks once typing rests
};

/// What is known of the pinned key.
class LocateView : public QWidget
{
    Q_OBJECT

public:
    explicit LocateView(Workspace& workspace, QWidget* parent = nullptr);

    void showReport(const LocateReport& report);
    void showText(const QString& text);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    Workspace& m_workspace;
    std::optional<LocateReport> m_report;
    QString m_text;
};

/// Nodes with their colours, states and shares; pressing one selects it.
class NodeLegend : public QWidget
{
    Q_OBJECT

public:
    explicit NodeLegend(Workspace& workspace, QWidget* parent = nullptr);

    void refresh();
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;

private:
    Workspace& m_workspace;
};

} // namespace quoit
