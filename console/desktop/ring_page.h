// console/desktop/ring_page.h - the ring in full, a key's place on it, and the same as a table.
#pragma once

#include "console/desktop/cards.h"
#include "console/desktop/hot_keys_panel.h"
#include "console/desktop/locate_view.h"
#include "console/desktop/page.h"
#include "console/desktop/pretend_down.h"
#include "console/desktop/ring_table_model.h"
#include "console/desktop/ring_view.h"

#include <QElapsedTimer>
#include <QFrame>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QStackedWidget>
#include <QTableView>
#include <QTimer>

#include <set>
#include <string>
#include <vector>

namespace quoit {

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
    /// The same for a key of any bytes; one that is no text isn't shown in the field.
    void pinBytes(const std::string& key);
    HotKeysPanel* hotKeys() const { return m_hotKeys; }
    /// "Pretend down": ticked nodes count as down, and the ring shows what would be lost. Ends when the page is left, and when a
    /// node really goes down. @param node to begin with; noNode: none
    void setPretending(bool isPretending, NodeId node = noNode);
    bool isPretending() const { return m_isPretending->isChecked(); }
    PretendDown* pretendDown() const { return m_pretend; }

Q_SIGNALS:
    /// The pinned key is to be opened.
    void keyWanted(const QString& key);

protected:
    void refresh() override;
    void restyle() override;
    void hideEvent(QHideEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    QWidget* makeBand();
    QWidget* makeSide();
    QWidget* makeNodes();
    void fitSide();
    void clickNode(NodeId node);
    void showPretended();
    void showTable();
    void sayInBand(const QString& text, const QString& button);
    void followRealStates();
    void pin(const std::string& key);
    void followPinned();
    void followTime();
    void showPlace();
    std::vector<std::uint64_t> surroundings() const;
    void locate();
    void onLocated(const std::string& key, const Result<LocateReport>& report);

    QBoxLayout* m_row;
    QWidget* m_side;
    QScrollArea* m_sideScroll; ///< around m_side where it stands beside the ring
    QWidget* m_find;
    RingView* m_ring;
    QTableView* m_table;
    RingTableModel* m_tableModel;
    QStackedWidget* m_views;
    QPushButton* m_asTable;
    QLineEdit* m_key;
    LocateView* m_located;
    QPushButton* m_openInKeys;
    QFrame* m_band; ///< across the ring's card, while something is pretended
    QLabel* m_bandText;
    QPushButton* m_bandBack;
    HotKeysPanel* m_hotKeys;
    NodeLegend* m_legend;
    Card* m_nodes;
    QStackedWidget* m_nodeViews; ///< the legend, or the nodes to pretend down
    PretendDown* m_pretend;
    QPushButton* m_isPretending;
    QTimer m_locateTimer; // asks once typing rests
    std::string m_pinned; // empty: none
    std::vector<std::uint64_t> m_locatedFor; // epoch, replicas and their states when it was asked
    QElapsedTimer m_locatedAt;
    bool m_isLocating = false;
    bool m_wasLive = true; ///< at the last refresh
    std::set<NodeId> m_reallyDown; // as of the last refresh
};

} // namespace quoit
