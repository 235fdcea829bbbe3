// To be preloaded (LD_PRELOAD) into a process that is to die at a step of its own: it is killed, as by kill -9, just
// before its N-th call that changes what is on the disk, or just after it when FAULT_DIE_AFTER is set. N is
// FAULT_DIE_AT; without it nobody is killed, and the number of such calls is written to the file FAULT_COUNT when the
// process ends.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace {

std::atomic<long> calls = 0;

long number_in(const char* name) {
  const char* const text = std::getenv(name);
  return text == nullptr ? 0 : std::atol(text);
}

void die() {
  ::kill(::getpid(), SIGKILL);
  while (true) {
    ::pause();
  }
}

template <class Function, class... Arguments>
auto counted(const char* name, Function* /*of this type*/, Arguments... arguments) {
  static const long at = number_in("FAULT_DIE_AT");
  const auto next = reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
  if (++calls == at) {
    die();
  }
  return next(arguments...);
}

// Not the standard streams.
template <class Function, class... Arguments>
auto counted_of_file(const char* name, Function* of, int file, Arguments... arguments) {
  if (file > STDERR_FILENO) {
    return counted(name, of, file, arguments...);
  }
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name))(file, arguments...);
}

__attribute__((destructor)) void tell() {
  if (const char* const file = std::getenv("FAULT_COUNT")) {
    if (std::FILE* const to = std::fopen(file, "w")) {
      std::fprintf(to, "%ld\n", calls.load());
      std::fclose(to);
    }
  }
}

}  // namespace

extern "C" {

ssize_t write(int file, const void* from, size_t size) {
  return counted_of_file("write", &write, file, from, size);
}
ssize_t pwrite(int file, const void* from, size_t size, off_t at) {
  return counted_of_file("pwrite", &pwrite, file, from, size, at);
}
ssize_t pwrite64(int file, const void* from, size_t size, off64_t at) {
  return counted_of_file("pwrite64", &pwrite64, file, from, size, at);
}
int fsync(int file) {
  return counted("fsync", &fsync, file);
}
int fdatasync(int file) {
  return counted("fdatasync", &fdatasync, file);
}
int ftruncate(int file, off_t size) noexcept {
  return counted("ftruncate", &ftruncate, file, size);
}
int ftruncate64(int file, off64_t size) noexcept {
  return counted("ftruncate64", &ftruncate64, file, size);
}
int rename(const char* from, const char* to) noexcept {
  return counted("rename", &rename, from, to);
}
int unlink(const char* path) noexcept {
  return counted("unlink", &unlink, path);
}
int unlinkat(int folder, const char* path, int flags) noexcept {
  return counted("unlinkat", &unlinkat, folder, path, flags);
}
}
