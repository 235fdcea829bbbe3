#include "subject/vault/master_key.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>

#include <chrono>
#include <optional>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"

extern char** environ;

namespace eunomia::subject {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_key_text = 4096;
constexpr std::string_view how_to_make_one = "a master key is 32 random bytes as base64: openssl rand -base64 32";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view white = " \t\r\n";
  const std::size_t first = text.find_first_not_of(white);
  return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(white) - first + 1);
}

// Wipes what it was given.
core::secret_key key_in(std::string& text, const std::string& name) {
  std::optional<core::secret_key> key;
  try {
    auto bytes = core::from_base64(trimmed(text));
    if (bytes.size() == core::secret_key::size) {
      key = core::secret_key::from_bytes(bytes);
    }
    core::wipe(bytes);
  } catch (const core::error&) {
    key = std::nullopt;  // and the reason is not told: it would quote the key
  }
  core::wipe(std::as_writable_bytes(std::span(text)));
  if (!key) {
    throw core::error(core::errc::failed_precondition, fmt::format("{} is no key; {}", name, how_to_make_one));
  }
  return std::move(*key);
}

std::string read_key_file(const fs::path& file, const std::string& name) {
  struct stat found = {};
  if (::stat(file.c_str(), &found) != 0) {
    core::throw_system_error(errno, "cannot read the master key", file);
  }
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw core::error(core::errc::failed_precondition,
                      fmt::format("{} can be read by others than its owner; chmod 600 it, and roll the key if they "
                                  "are not to be trusted",
                                  name));
  }
  return core::read_file(file, max_key_text);
}

void make_key_file(const fs::path& file) {
  fs::create_directories(file.parent_path());
  const core::secret_key key = core::secret_key::random();
  std::string text = core::to_base64(key.reveal()) + "\n";
  core::write_file(file, text);
  core::wipe(std::as_writable_bytes(std::span(text)));
}

// What a shell command prints, at most max_key_text bytes; its standard error is ours.
class key_command {
 public:
  key_command(const std::string& command, std::string name) : name_(std::move(name)) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
      core::throw_system_error(errno, "cannot make a pipe for", command);
    }
    output_ = core::file_descriptor(ends[0]);
    const core::file_descriptor input(ends[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input.get(), STDOUT_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;  // the server's threads block signals, the command shall not
    ::sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    std::string arguments[] = {"/bin/sh", "-c", command};
    char* const argv[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(), nullptr};
    const int problem = ::posix_spawn(&child_, "/bin/sh", &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (problem != 0) {
      child_ = 0;
      core::throw_system_error(problem, "cannot run", "/bin/sh");
    }
  }
  ~key_command() {
    if (child_ != 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
  }
  key_command(const key_command&) = delete;
  key_command& operator=(const key_command&) = delete;

  std::string output() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(master_key_command_seconds);
    std::string text(max_key_text, '\0');
    std::size_t size = 0;
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
      pollfd readable = {output_.get(), POLLIN, 0};
      const int ready = left <= 0 ? 0 : ::poll(&readable, 1, static_cast<int>(left));
      if (ready == 0) {
        refuse(fmt::format("took longer than {} seconds", master_key_command_seconds));
      }
      const ssize_t got = ready < 0 ? -1 : ::read(output_.get(), text.data() + size, text.size() - size);
      if (got < 0 && errno != EINTR) {
        refuse("cannot be read");
      }
      size += got > 0 ? static_cast<std::size_t>(got) : 0;
      if (size == text.size()) {
        refuse("printed more than a key");
      }
      if (got == 0) {
        break;
      }
    }
    int status = 0;
    ::waitpid(std::exchange(child_, 0), &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      refuse("failed; what it says is above");
    }
    text.resize(size);
    return text;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw core::error(core::errc::failed_precondition, fmt::format("{}: the command {}", name_, why));
  }

  std::string name_;
  core::file_descriptor output_;
  pid_t child_ = 0;
};

}  // namespace

std::string master_key_source::name() const {
  if (!command.empty()) {
    return "the master key that --master-key-command prints";
  }
  return text.empty() ? fmt::format("the master key in {}", file.string()) : "the master key in EUNOMIA_MASTER_KEY";
}

core::secret_key read_master_key(const master_key_source& source, bool may_create) {
  const std::string name = source.name();
  if (!source.command.empty()) {
    if (!source.text.empty()) {
      throw core::error(core::errc::invalid_argument,
                        "EUNOMIA_MASTER_KEY and --master-key-command both give a master key; leave one out");
    }
    std::string printed = key_command(source.command, name).output();
    return key_in(printed, name);
  }
  if (!source.text.empty()) {
    std::string text = source.text;
    return key_in(text, name);
  }
  if (!fs::exists(source.file)) {
    if (!may_create) {
      throw core::error(core::errc::failed_precondition,
                        fmt::format("{} is missing; put the file back, or name where it is with --master-key-file, "
                                    "EUNOMIA_MASTER_KEY or --master-key-command",
                                    name));
    }
    make_key_file(source.file);
  }
  std::string text = read_key_file(source.file, name);
  return key_in(text, name);
}

}  // namespace eunomia::subject
