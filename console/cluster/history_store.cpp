#include "console/cluster/history_store.h"

#include <optional>

namespace quoit {

/// What happens on the thread.
class HistoryStore::Worker : public QObject
{
public:
    Worker(HistoryStore& store, QString fileName, qint64 bytesMax)
        : m_store(store)
        , m_file(std::move(fileName), bytesMax)
    {}

    void run(const std::function<Result<void>(HistoryFile&)>& task)
    {
        Result<void> done = attempt(task);
        if (!done && done.error().code == ErrorCode::Corrupt)
            done = startOver(task, QString::fromStdString(done.error().message));
        if (!done)
            tell(tr("The past isn't kept: %1").arg(QString::fromStdString(done.error().message)));
        else if (m_told != m_lasting)
            tell(m_lasting);
    }

private:
    Result<void> attempt(const std::function<Result<void>(HistoryFile&)>& task)
    {
        if (!m_file.isOpen())
            if (auto opened = m_file.open(); !opened)
                return opened;
        return task(m_file);
    }

    Result<void> startOver(const std::function<Result<void>(HistoryFile&)>& task, const QString& damage)
    {
        const auto aside = m_file.setAside();
        if (!aside)
            return aside.error();
        m_lasting = tr("The past was damaged (%1). It was set aside as %2, and a new file begun.").arg(damage, aside.value());
        return attempt(task);
    }

    void tell(const QString& text)
    {
        if (m_told == text)
            return;
        m_told = text;
        QMetaObject::invokeMethod(&m_store, [store = &m_store, text] { store->setTrouble(text); }, Qt::QueuedConnection);
    }

    HistoryStore& m_store;
    HistoryFile m_file;
    QString m_lasting; // what stays true after a task went well
    QString m_told;
};

HistoryStore::HistoryStore(QString fileName, qint64 bytesMax, QObject* parent)
    : QObject(parent)
    , m_worker(new Worker(*this, std::move(fileName), bytesMax))
{
    m_worker->moveToThread(&m_thread);
    connect(&m_thread, &QThread::finished, m_worker, &QObject::deleteLater);
    m_thread.setObjectName(QStringLiteral("history"));
    m_thread.start(QThread::LowPriority);
}

HistoryStore::~HistoryStore()
{
    // After what is queued; deleteLater() of the worker is carried out as the thread ends.
    QMetaObject::invokeMethod(m_worker, [this] { m_thread.quit(); }, Qt::QueuedConnection);
    m_thread.wait();
}

void HistoryStore::append(const QString& clusterId, std::vector<HistorySecond> seconds)
{
    if (seconds.empty())
        return;
    work([clusterId, seconds = std::move(seconds)](HistoryFile& file) -> Result<void> {
        if (auto written = file.write(clusterId, seconds); !written)
            return written;
        return file.prune(seconds.back().second);
    });
}

void HistoryStore::ask(const QString& clusterId, qint64 fromSecond, qint64 toSecond, qint64 nowSecond, int steps)
{
    work([this, clusterId, fromSecond, toSecond, nowSecond, steps](HistoryFile& file) -> Result<void> {
        HistoryWindowPtr window;
        auto found = file.read(clusterId, fromSecond, toSecond, nowSecond, steps);
        auto first = file.firstSecond(clusterId);
        if (found)
            window = std::make_shared<const HistoryWindow>(std::move(found).value());
        const qint64 firstSecond = first ? first.value() : 0;
        QMetaObject::invokeMethod(
            this, [this, clusterId, window, firstSecond] { Q_EMIT read(clusterId, window, firstSecond); },
            Qt::QueuedConnection);
        if (!found)
            return found.error();
        return first ? Result<void>() : Result<void>(first.error());
    });
}

void HistoryStore::askMoment(const QString& clusterId, qint64 second)
{
    const auto moment = std::make_shared<PastMomentPtr>();
    work(
        [clusterId, second, moment](HistoryFile& file) -> Result<void> {
            auto found = file.moment(clusterId, second);
            if (!found)
                return found.error();
            *moment = std::make_shared<const PastMoment>(std::move(found).value());
            return {};
        },
        [this, clusterId, moment] {
            QMetaObject::invokeMethod(
                this, [this, clusterId, found = *moment] { Q_EMIT momentRead(clusterId, found); }, Qt::QueuedConnection);
        });
}

void HistoryStore::askTimeline(const QString& clusterId)
{
    work([this, clusterId](HistoryFile& file) -> Result<void> {
        auto found = file.timeline(clusterId);
        if (!found)
            return found.error();
        auto timeline = std::make_shared<const Timeline>(std::move(found).value());
        QMetaObject::invokeMethod(
            this, [this, clusterId, timeline] { Q_EMIT timelineRead(clusterId, timeline); }, Qt::QueuedConnection);
        return {};
    });
}

void HistoryStore::work(std::function<Result<void>(HistoryFile&)> task, std::function<void()> after)
{
    QMetaObject::invokeMethod(
        m_worker,
        [worker = m_worker, task = std::move(task), after = std::move(after)] {
            worker->run(task);
            if (after)
                after();
        },
        Qt::QueuedConnection);
}

void HistoryStore::setTrouble(const QString& text)
{
    m_trouble = text;
    Q_EMIT troubleChanged();
}

} // namespace quoit
