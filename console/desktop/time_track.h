// console/desktop/time_track.h - the slider through time: from the oldest moment that is kept to now, finer towards now,
// with the times when nobody listened left open and a mark for each event. It paints and asks; the workspace's Past moves.
#pragma once

#include "console/desktop/workspace.h"

#include <QWidget>

#include <optional>
#include <vector>

namespace quoit {

/// Something to go to: what a node told, or the begin of an alert.
struct TimeMark
{
    qint64 ms; ///< the first whole second in which a report told of it
    StateMark mark;
    bool isAlert;
};

class TimeTrack : public QWidget
{
    Q_OBJECT

public:
    /// @param workspace must outlive the track
    explicit TimeTrack(Workspace& workspace, QWidget* parent = nullptr);

    /// Ascending.
    const std::vector<TimeMark>& marks() const { return m_marks; }
    /// @return the next mark after what is shown, or the one before it; nothing: there is none
    std::optional<qint64> markFrom(bool isForward) const;
    /// What happened about there, a line each; at most a few.
    QString textAt(qint64 ms) const;
    /// "Live", or the moment, what is known of it and how finely.
    QString valueText() const;
    /// In widget coordinates. From its right end on it is now.
    double xOf(qint64 ms) const;
    qint64 msAt(double x) const;
    QSize sizeHint() const override { return {500, 40}; }
    QSize minimumSizeHint() const override { return {120, 40}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override { repaintFor(event); }
    void focusOutEvent(QFocusEvent* event) override { repaintFor(event); }

private:
    void repaintFor(QFocusEvent* event);
    void rebuildMarks();
    void announce();
    qint64 lastMs() const;
    qint64 spanMs() const;
    QRectF groove() const;
    qint64 msNear(double x) const;
    void goTo(double x);
    void step(qint64 seconds);
    void paintGroove(QPainter& painter) const;
    void paintTicks(QPainter& painter) const;
    void paintMarks(QPainter& painter) const;
    void paintThumb(QPainter& painter) const;

    Workspace& m_workspace;
    std::vector<TimeMark> m_marks;
    std::optional<double> m_hoverX;
    bool m_isDragging = false;
};

/// Makes it a slider with a value for screen readers.
void installTimeTrackAccessibility();

} // namespace quoit
