// console/desktop/time_series_view.h - one figure over time: lines with gaps, a cross-hair, events as marks, export.
// Painted here rather than with a chart library: at most two points a pixel, nothing animated, and real gaps.
#pragma once

#include "console/desktop/cards.h"
#include "console/desktop/drawing.h"
#include "console/desktop/workspace.h"

#include <QWidget>

#include <cmath>
#include <optional>

namespace quoit {

/// What all charts of a page share.
struct ChartRange
{
    TimeRange range;
    std::optional<qint64> crosshairMs; ///< where the mouse is on any of them
    bool isPinned = false;             ///< it stays where it was clicked
    bool isPerNode = false;
    NodeId node = noNode; ///< if not isPerNode: whose line; noNode: the cluster's
};

class TimeSeriesView : public QWidget
{
    Q_OBJECT

public:
    /// Above this, nodes are shown as their band and those farthest from it.
    static constexpr std::size_t linesMax = 8;
    static constexpr std::size_t outliers = 5;

    TimeSeriesView(Workspace& workspace, const QString& title, Metric metric, Unit unit, QWidget* parent = nullptr);

    /// The points are fetched once they are painted or asked for.
    void show(const ChartRange& shared);
    /// The cross-hair alone has moved.
    void setCrosshair(const ChartRange& shared);
    const QString& title() const { return m_title; }
    Metric metric() const { return m_metric; }
    const TimeRange& range() const { return m_shared.range; }
    /// Time, node, value; a line a sample. Empty values where there is no data. Of times that aren't known by the second:
    /// time, node, smallest, largest; a line a step.
    QByteArray csv() const;
    /// The values at the cross-hair, else the last ones, with their units: a line a node, the time first.
    QString valuesText() const;
    /// Height of a value in the plot, 0 … 1 from below; unknown before the first data.
    double shareOf(double value) const;
    QSize sizeHint() const override { return {460, 200}; }
    QSize minimumSizeHint() const override { return {240, 150}; }

Q_SIGNALS:
    /// The mouse is at this time; nothing: it left.
    void pointed(std::optional<qint64> ms);
    /// The cross-hair was clicked: to stay, or to move again.
    void pinToggled(qint64 ms);
    /// Zoomed or moved: by dragging, by the wheel, or with keys.
    void rangeWanted(TimeRange range);
    /// Back to the cluster as it is now, and to the span of before.
    void liveWanted();

protected:
    void paintEvent(QPaintEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    struct Line
    {
        NodeId node = noNode;
        QString name;
        QVector<QPointF> points;
    };
    QRectF plot() const;
    double xOf(double ms) const;
    double yOf(double value) const;
    /// Latencies spread over decades: one outlier must not flatten all the rest.
    bool isLogarithmic() const { return m_unit == Unit::Microseconds; }
    qint64 msAt(double x) const;
    QColor colorOf(const Line& line) const;
    void fetch() const;
    void scaleAxis() const;
    void joinIntoBand() const;
    void drawAxes(QPainter& painter) const;
    void drawTimes(QPainter& painter) const;
    void drawLines(QPainter& painter) const;
    void drawBand(QPainter& painter) const;
    void drawEvents(QPainter& painter) const;
    void drawAlert(QPainter& painter, const Alert& alert, std::vector<double>& taken) const;
    void drawEventMark(QPainter& painter, qint64 ms, StateMark mark, std::vector<double>& taken) const;
    void drawNoData(QPainter& painter) const;
    void drawCrosshair(QPainter& painter, bool hasData) const;
    QString bandText(const ValueBand& band) const;
    void addActions();
    void savePicture();
    void saveCsv();
    void zoom(double factor, qint64 aboutMs);
    void pan(qint64 ms);
    void drawDraggedSpan(QPainter& painter) const;

    Workspace& m_workspace;
    const QString m_title;
    const Metric m_metric;
    const Unit m_unit;
    /// The mouse is down since it was at fromX.
    struct Drag
    {
        double fromX;
        double toX;
        TimeRange range; ///< that was shown then
        bool isPan;
        bool isFar() const { return std::abs(toX - fromX) > 4; }
    };
    std::optional<Drag> m_drag;
    ChartRange m_shared;
    // By fetch().
    mutable bool m_isDue = false;
    mutable std::vector<Line> m_lines;
    mutable QVector<QPointF> m_low; // of many nodes
    mutable QVector<QPointF> m_high;
    mutable double m_bottom = 0; ///< > 0 on a logarithmic axis
    mutable double m_top = 1;
    mutable double m_step = 0.25; ///< of a linear one
};

} // namespace quoit
