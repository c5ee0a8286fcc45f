// console/desktop/charts_page.h - the figures over time, side by side, with one time range and one cross-hair.
#pragma once

#include "console/desktop/page.h"
#include "console/desktop/past_panel.h"
#include "console/desktop/time_series_view.h"

#include <QPushButton>

#include <vector>

namespace quoit {

class ChartsPage : public Page
{
    Q_OBJECT

public:
    explicit ChartsPage(Workspace& workspace, QWidget* parent = nullptr);

    const std::vector<TimeSeriesView*>& charts() const { return m_charts; }
    const TimeRange& range() const { return m_shared.range; }
    PastPanel& past() const { return *m_past; }
    bool isLive() const { return !m_endMs && m_spanMs == m_chosenSpanMs; }
    /// One line a node instead of the cluster's sum.
    void setPerNode(bool isPerNode);
    /// The chart of a figure, with the cross-hair at a time and a range that has it.
    /// @param node of whom it is about; noNode: the cluster
    void showAt(Metric metric, NodeId node, qint64 ms);
    void arrange(bool isNarrow) override; ///< the bar takes two lines then

protected:
    void refresh() override;

private:
    class Legend;

    QLayout* makeBar();
    QPushButton* addChoice(QHBoxLayout* row, class QButtonGroup* group, const QString& text, bool isChecked);
    QPushButton* addMove(QHBoxLayout* row, const QString& text, const QString& tip, const QKeySequence& keys);
    void addChart(Metric metric);
    void setSpan(qint64 ms);
    void showSpan();
    void moveTo(std::optional<qint64> endMs);
    void setRange(TimeRange range);
    void goLive();
    void followMoment();
    void onPointed(std::optional<qint64> ms);
    void onPinToggled(qint64 ms);
    void showPast();

    ChartRange m_shared;
    qint64 m_spanMs = 5 * 60 * 1000;
    qint64 m_chosenSpanMs = m_spanMs; ///< before zooming
    std::optional<qint64> m_endMs; ///< the right end; nothing: the last report
    std::vector<TimeSeriesView*> m_charts;
    std::vector<std::pair<qint64, QPushButton*>> m_spans; ///< ascending, ms
    class QBoxLayout* m_bar;
    class QButtonGroup* m_spanGroup = nullptr;
    class QScrollArea* m_scroll;
    class QGridLayout* m_grid;
    QPushButton* m_perNode = nullptr;
    QPushButton* m_perCluster = nullptr;
    QPushButton* m_earlier = nullptr;
    QPushButton* m_later = nullptr;
    QPushButton* m_now = nullptr;
    Notice* m_trouble = nullptr;
    Legend* m_legend;
    PastPanel* m_past; ///< while the cross-hair is pinned
};

} // namespace quoit
