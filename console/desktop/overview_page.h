// console/desktop/overview_page.h - is the cluster well? In one glance: a verdict, five figures, the ring, the nodes.
#pragma once

#include "console/desktop/cards.h"
#include "console/desktop/page.h"
#include "console/desktop/ring_view.h"
#include "console/desktop/tour_card.h"

#include <QGridLayout>

#include <vector>

namespace quoit {

class OverviewPage : public Page
{
    Q_OBJECT

public:
    explicit OverviewPage(Workspace& workspace, QWidget* parent = nullptr);

    void arrange(bool isNarrow) override;
    int shortBelow() const override { return 694; } ///< six nodes in two columns, and an event: a screen of 768 lines
    void setShort(bool isShort) override;
    TourCard* tour() const { return m_tour; }
    /// "Change in progress, 42 % copied"; empty: none is.
    QString changeText() const { return m_change->isVisibleTo(this) ? m_changeText->text() : QString(); }

Q_SIGNALS:
    /// Somebody wants to see the change in progress.
    void changeWanted();
    void alertsWanted();

protected:
    void refresh() override;
    void resizeEvent(QResizeEvent* event) override;

private:
    QWidget* makeChangeBar();
    void showChange();
    void rebuildNodeCards();
    void arrangeNodeCards();
    /// Of the width, in percent.
    int ringShare() const { return m_isShort ? 40 : 45; }

    QGridLayout* m_tiles;
    QBoxLayout* m_middle;
    bool m_isNarrow = false;
    bool m_isShort = false;
    HealthBanner* m_health;
    QWidget* m_change; ///< seen while one is in progress
    QLabel* m_changeText;
    TourCard* m_tour;
    StatTile* m_operations;
    StatTile* m_p99;
    StatTile* m_hits;
    StatTile* m_keyCount;
    StatTile* m_memory;
    Card* m_ringCard;
    RingView* m_ring;
    EventList* m_events;
    Card* m_nodesCard;
    QGridLayout* m_nodeGrid;
    std::vector<NodeCard*> m_nodeCards;
};

} // namespace quoit
