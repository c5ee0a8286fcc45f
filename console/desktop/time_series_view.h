// console/desktop/time_series_view.h - lines over time, with units, gaps, events and a cross-hair. Qt Charts is used
// behind this class only. No animation and no OpenGL (it can't be covered by other widgets). The caller thins the
// points out to at most two per pixel.
#pragma once

#include "console/desktop/number_text.h"
#include "console/desktop/theme.h"
#include "shared/base/result.h"

#include <QPointF>
#include <QWidget>

#include <optional>
#include <vector>

namespace quoit {

class TimeSeriesHeader;
class TimeSeriesPlot;

/// One line. Times ascend, in ms since the Unix epoch; a value of NaN is a gap, and the line breaks there.
struct TimeSeries
{
    QString name;
    QColor color;                ///< see Theme::series() and Theme::node()
    std::vector<QPointF> points; ///< (time, value)
    bool isEmphasised = false;   ///< thicker; the selected node
};

/// Smallest and largest of many series, as a soft band under the lines. NaN in either is a gap.
struct TimeBand
{
    struct Point
    {
        double timeMs = 0;
        double low = 0;
        double high = 0;
    };
    QString name;
    QColor color;
    std::vector<Point> points; ///< ascending
};

/// A vertical line with a mark at its top, and its text as a tooltip.
struct TimeEvent
{
    qint64 timeMs = 0;
    StateMark mark = StateMark::Unknown;
    QString text;
};

/// A chart with its title and current value in its header. Not thread-safe: GUI thread.
class TimeSeriesView : public QWidget
{
    Q_OBJECT

public:
    /// @param themes borrowed; must outlive the view
    TimeSeriesView(const ThemeManager& themes, const QString& title, Unit unit, QWidget* parent = nullptr);
    ~TimeSeriesView() override;

    void setTitle(const QString& title);
    QString title() const;
    /// Replaces all lines. Cheap when names and colours are those of the last call. While hidden nothing is painted.
    void setSeries(std::vector<TimeSeries> series);
    void setBand(std::optional<TimeBand> band);
    void setEvents(std::vector<TimeEvent> events);
    void setRange(qint64 startMs, qint64 endMs); ///< startMs < endMs
    /// The value in the header; no value: "—". Without this call it is the last value of the first series.
    void setCurrentValue(std::optional<double> value);
    /// Fixes the top of the value axis, as 1 for a ratio; no value: follows the data.
    void setValueMax(std::optional<double> valueMax);
    void setCrossHair(std::optional<qint64> timeMs); ///< doesn't emit
    void setCrossHairPinned(bool isPinned);          ///< painted solid instead of dashed

    const std::vector<TimeSeries>& series() const;
    /// Unbroken pieces that a line is painted in; for tests and screen readers.
    int segmentCount(int seriesIndex) const;
    /// "ops/s: 1.23 k/s now; a: …": for screen readers, set as the accessible description too.
    QString summary() const;

    /// The chart as shown. @param pixelRatio 1 … 4. @return Unavailable or Io when the file can't be written.
    Result<void> exportPng(const QString& path, double pixelRatio = 2) const;
    /// time (ISO 8601, UTC), one column a series; an empty field for a gap. Same errors.
    Result<void> exportCsv(const QString& path) const;

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

Q_SIGNALS:
    void crossHairMoved(qint64 timeMs); ///< the mouse is over this time
    void crossHairLeft();
    void crossHairClicked(qint64 timeMs); ///< the owner pins or frees it on all charts
    void contextMenuWanted(const QPoint& globalPosition);

private:
    void updateHeader();

    const ThemeManager& m_themes;
    QString m_title;
    Unit m_unit;
    std::optional<double> m_currentValue;
    bool m_isCurrentValueGiven = false;
    TimeSeriesHeader* m_header; ///< child
    TimeSeriesPlot* m_plot;     ///< child
};

} // namespace quoit
