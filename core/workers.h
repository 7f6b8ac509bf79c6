// Threads that share the loops of the core with whoever calls it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace convscope {

/// Sleeps while there is nothing to do. Waits for parts, never for workers: a worker that wakes late finds nothing left.
class Workers {
  public:
    /// Of `threads` threads the caller is one; 0 or fewer: as many as the machine runs at once.
    explicit Workers(int threads = 0);
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    int threads() const;

    /// Calls part(i) once for every i in 0…count−1 and returns when all have returned. Between its own parts the caller
    /// calls `between(done)`; when that is false the parts not yet begun are left out and run returns false. What a part
    /// throws, run throws. While another run is under way (also the one that calls this) the caller does all parts itself.
    bool run(int64_t count, const std::function<void(int64_t)>& part,
             const std::function<bool(int64_t done)>& between);

  private:
    struct Pool;
    std::unique_ptr<Pool> pool_;
};

}  // namespace convscope
