#include "app/file_loader.h"

#include <condition_variable>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

#include "core/io/files.h"

namespace convscope {

struct FileLoader::Worker {
    struct Job {
        std::function<Loaded()> load;
        std::function<void()> finished;
    };

    mutable std::mutex mutex;
    std::condition_variable woken, rested;
    std::optional<Job> waiting;      // guarded by mutex, as the rest
    std::optional<Loaded> result;
    bool running = false, ending = false;
    uint64_t wanted = 0;             // number of the newest job; an older one's result is dropped
    std::thread thread{[this] { loop(); }};

    ~Worker() {
        {
            const std::lock_guard lock(mutex);
            ending = true;
            waiting.reset();
            ++wanted;
        }
        woken.notify_one();
        thread.join();
    }

    void start(Job job) {
        std::optional<Loaded> unused;
        {
            const std::lock_guard lock(mutex);
            waiting = std::move(job);
            result.swap(unused);
            ++wanted;
        }
        woken.notify_one();
    }

    void loop() {
        std::unique_lock lock(mutex);
        for (;;) {
            woken.wait(lock, [&] { return ending || waiting; });
            if (ending) return;
            Job job = std::move(*waiting);
            waiting.reset();
            running = true;
            const uint64_t number = wanted;
            lock.unlock();
            Loaded loaded = job.load();
            lock.lock();
            const bool valid = number == wanted;
            if (valid) result = std::move(loaded);
            lock.unlock();
            if (valid && job.finished) job.finished();
            job = {};
            loaded = {};  // memory of what nobody wants is freed outside the lock
            lock.lock();
            running = false;
            rested.notify_all();
        }
    }
};

namespace {

ImageResult sized(const DecodedImage& image, const ImageOptions& options, const std::string& path) {
    try {
        return image_tensor(image, options);
    } catch (const std::bad_alloc&) {
        ImageResult result;
        result.error = display_name(path) + " needs more memory than there is.";
        return result;
    }
}

Loaded load(const std::string& path, const ImageOptions& options,
            bool (*is_image)(std::string_view, std::string_view)) {
    Loaded loaded;
    loaded.path = path;
    FileResult file = read_file(path, kMaxImageBytes);
    loaded.error = std::move(file.error);
    if (!loaded.error.empty()) return loaded;
    loaded.is_image = is_image(file.bytes, path);
    if (!loaded.is_image) {
        loaded.bytes = std::move(file.bytes);
        return loaded;
    }
    DecodeResult decoded = decode_image(bytes_of(file.bytes), display_name(path));
    loaded.error = std::move(decoded.error);
    if (!loaded.error.empty()) return loaded;
    file.bytes = {};
    loaded.image = sized(*decoded.image, options, path);
    loaded.error = loaded.image.error;
    loaded.height = decoded.height;
    loaded.width = decoded.width;
    const Shape shape = loaded.image.tensor.shape();
    if (shape.h != loaded.height || shape.w != loaded.width) loaded.decoded = std::move(decoded.image);
    return loaded;
}

}  // namespace

FileLoader::FileLoader() : worker_(std::make_unique<Worker>()) {}
FileLoader::~FileLoader() = default;

void FileLoader::start(std::string path, ImageOptions options,
                       bool (*is_image)(std::string_view, std::string_view),
                       std::function<void()> finished) {
    worker_->start({[path = std::move(path), options, is_image] { return load(path, options, is_image); },
                    std::move(finished)});
}

void FileLoader::again(Loaded coarse, ImageOptions options, std::function<void()> finished) {
    worker_->start({[coarse = std::move(coarse), options]() mutable {
                        coarse.image = sized(*coarse.decoded, options, coarse.path);
                        coarse.error = coarse.image.error;
                        coarse.decoded.reset();
                        coarse.again = true;
                        return std::move(coarse);
                    },
                    std::move(finished)});
}

std::optional<Loaded> FileLoader::take() {
    const std::lock_guard lock(worker_->mutex);
    return std::exchange(worker_->result, std::nullopt);
}

void FileLoader::cancel() {
    std::optional<Loaded> unused;
    const std::lock_guard lock(worker_->mutex);
    worker_->waiting.reset();
    worker_->result.swap(unused);
    ++worker_->wanted;
}

bool FileLoader::busy() const {
    const std::lock_guard lock(worker_->mutex);
    return worker_->running || worker_->waiting || worker_->result;
}

void FileLoader::wait() {
    std::unique_lock lock(worker_->mutex);
    worker_->rested.wait(lock, [&] { return !worker_->running && !worker_->waiting; });
}

}  // namespace convscope
