// console/desktop/ring_view.h - the ring: load, vnodes and states as bands, the
// totals in its centre. It paints what it is given and asks nobody. Paints from
// a cached picture with an overlay for what moves.
#pragma once

#include "console/cluster/cluster_snapshot.h"
#include "console/desktop/ring_geometry.h"
#include "console/desktop/theme.h"

#include <QPixmap>
#include <QTimer>
#include <QVariantAnimation>
#include <QWidget>

#include <memory>
#include <optional>
#include <vector>

class QPainter;

namespace quoit {

struct RingScene;
struct RingLayout;

/// A key on the ring and the walk to its replicas.
struct RingPin
{
    LocateReport report;
    bool isAnswered = false; ///< false: computed here; what the replicas hold isn't known yet

    /// Position, slot, partition and replicas from the map alone, to show at once
    /// while QUOIT.LOCATE is asked.
    static RingPin forKey(const std::string& key, const ClusterMap& map);
};

/// What is said of one partition beside its load; worse ones are greater.
enum class RingMark : std::uint8_t { None, Moving, BelowStrength, NoMajority };

/// Not thread-safe: GUI thread. Null and empty inputs mean "not known" and show
/// as such.
class RingView : public QWidget
{
    Q_OBJECT

public:
    /// @param themes borrowed; must outlive the view
    explicit RingView(const ThemeManager& themes, QWidget* parent = nullptr);
    ~RingView() override;

    /// A new epoch of the same partition count blends over in 400 ms. null: no
    /// cluster.
    void setMap(ClusterMapPtr map);
    void setNodes(std::vector<NodeReport> nodes); ///< ascending by id
    /// @param operationsPerSecond [P]; [0]: unknown
    void setLoads(std::vector<std::uint64_t> operationsPerSecond);
    void setTotals(const ClusterTotals& totals);
    /// All of the above at once; only what changed is painted anew.
    void setSnapshot(const ClusterSnapshot& snapshot);
    void setPin(std::optional<RingPin> pin);
    /// Marks who is weakened or out of reach, and counts the latter in the centre. @param availability [P] or [0]: not known
    void setAvailability(const Availability& availability);
    /// @param marks [P]; [0]: those that a change in progress moves, and those that setAvailability() tells
    /// @param arePretended they aren't so: hatched, and said in the centre
    void setMarks(std::vector<RingMark> marks, bool arePretended = false);
    /// Stands in the centre instead of the totals; both empty: the totals.
    void setCaption(const QString& title, const QString& text);
    void setSelectedNode(NodeId node);          ///< noNode: none. Doesn't emit.
    void setStale(std::optional<qint64> ageMs); ///< dims all and tells the age; no value: live
    void setReducedMotion(bool isReduced);      ///< true: changes are immediate
    void setLegendVisible(bool isVisible);      ///< default true: names beside or
                                                ///< below the ring, where there's room
    void setHint(const QString& title,
                 const QString& text); ///< what an empty ring says

    /// As painted: [P], or [0] for none.
    const std::vector<RingMark>& marks() const;
    bool areMarksPretended() const;
    /// What the centre says instead of the totals, a line each; empty: the totals or a pinned key.
    QString centerText() const;
    NodeId selectedNode() const;
    const ClusterMapPtr& map() const;
    const std::vector<NodeReport>& nodes() const;
    /// The vnode that the keyboard is on; no value: none.
    std::optional<std::size_t> currentArc() const;
    QString nodeName(NodeId node) const;
    /// "up, holds 20.1 % of all replicas, 1.23 k/s": what a screen reader says of
    /// a node after its name.
    QString nodeDescription(NodeId node) const;
    /// Bounding box in widget coordinates of what stands for the node; empty if
    /// it isn't shown.
    QRect nodeRect(NodeId node) const;

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

Q_SIGNALS:
    void nodeClicked(quoit::NodeId node); ///< mouse or Enter; the owner decides
                                          ///< about setSelectedNode()
    void nodeHovered(quoit::NodeId node); ///< noNode: the mouse has left
    void partitionHovered(int partition); ///< -1: none. Follows the keyboard too.
    void partitionClicked(int partition); ///< a click on a band; comes beside nodeClicked()
    void selectionCleared();              ///< Esc, or a click beside the ring

protected:
    bool event(QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    void updateLayout();
    void dropCache();
    void startTransition(RingGeometry previous);
    void showMarks();
    void paintCached(QPainter& painter);
    void hover(std::optional<QPointF> point);
    void walkTo(std::size_t arc);
    void announce(NodeId node);
    QString toolTipAt(QPointF point) const;

    const ThemeManager& m_themes;
    std::unique_ptr<RingScene> m_scene;   ///< what is painted; never null
    std::unique_ptr<RingLayout> m_layout; ///< where, in the current size; never null
    QPixmap m_cache;                      ///< bands, legend and scale; null: to be painted anew
    QVariantAnimation m_transition;
    std::vector<RingMark> m_marks;     ///< as they were given
    std::vector<RingMark> m_realMarks; ///< of the availability; [0]: nothing is weakened
    double m_pulseMs = 0;
    QTimer m_pulse;                ///< while partitions move
    bool m_isReducedMotion = false;
    bool m_isFocusShown = false; ///< focus came by keyboard
};

} // namespace quoit
