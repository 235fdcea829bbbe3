#include "core/memory.h"

#include <gtest/gtest.h>

#include <fstream>
#include <vector>

#include "core/error.h"
#include "core/temporary_directory.h"

namespace eunomia::core {
namespace {

class memory : public testing::Test {
 protected:
  void put(const std::string& path, const std::string& content) {
    const auto file = directory_.path() / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << content;
  }
  void put_machine() { put("proc/meminfo", "MemTotal:       8000 kB\nMemFree: 1 kB\nMemAvailable:   6000 kB\n"); }
  memory_status status() { return read_memory_status(directory_.path()); }

  temporary_directory directory_;
};

TEST_F(memory, without_control_groups_it_is_the_machines) {
  put_machine();
  EXPECT_EQ(status().total_bytes, 8000U * 1024);
  EXPECT_EQ(status().available_bytes, 6000U * 1024);
}

TEST_F(memory, a_group_of_version_2_limits_it_and_its_page_cache_counts_as_available) {
  put_machine();
  put("proc/self/cgroup", "0::/slice/unit\n");
  put("sys/fs/cgroup/slice/unit/memory.max", "1000000\n");
  put("sys/fs/cgroup/slice/unit/memory.current", "700000\n");
  put("sys/fs/cgroup/slice/unit/memory.stat", "anon 1\ninactive_file 200000\n");
  EXPECT_EQ(status().total_bytes, 1000000U);
  EXPECT_EQ(status().available_bytes, 500000U);
}

TEST_F(memory, the_narrowest_of_the_groups_above_counts) {
  put_machine();
  put("proc/self/cgroup", "0::/slice/unit\n");
  put("sys/fs/cgroup/slice/unit/memory.max", "max\n");
  put("sys/fs/cgroup/slice/memory.max", "2000000\n");
  put("sys/fs/cgroup/slice/memory.current", "2500000\n");
  EXPECT_EQ(status().total_bytes, 2000000U);
  EXPECT_EQ(status().available_bytes, 0U);
}

TEST_F(memory, in_a_container_the_mount_point_is_the_group) {
  put_machine();
  put("proc/self/cgroup", "0::/../docker/0123\n");
  put("sys/fs/cgroup/memory.max", "3000000\n");
  put("sys/fs/cgroup/memory.current", "1000000\n");
  EXPECT_EQ(status().available_bytes, 2000000U);
}

TEST_F(memory, a_group_of_version_1_limits_it) {
  put_machine();
  put("proc/self/cgroup", "9:cpu,cpuacct:/x\n7:hugetlb,memory:/docker/0123\n");
  put("sys/fs/cgroup/memory/docker/0123/memory.limit_in_bytes", "1000000\n");
  put("sys/fs/cgroup/memory/docker/0123/memory.usage_in_bytes", "600000\n");
  put("sys/fs/cgroup/memory/docker/0123/memory.stat", "inactive_file 7\ntotal_inactive_file 100000\n");
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(status().total_bytes, 1000000U);
  EXPECT_EQ(status().available_bytes, 500000U);
}

TEST_F(memory, a_system_that_does_not_say_is_an_error) {
  EXPECT_THROW(status(), error);
}

TEST_F(memory, this_machine_and_process_have_some) {
  const auto here = read_memory_status();
  EXPECT_GT(here.total_bytes, 0U);
  EXPECT_LE(here.available_bytes, here.total_bytes);
  EXPECT_GT(resident_bytes(), 0U);
  EXPECT_GE(peak_resident_bytes() + (1 << 20), resident_bytes());
}

TEST_F(memory, memory_that_is_touched_is_resident) {
  const auto before = peak_resident_bytes();
  std::vector<char> touched(before + (64U << 20), 'x');
  EXPECT_GE(peak_resident_bytes(), touched.size());
  EXPECT_EQ(touched[before], 'x');
}

TEST_F(memory, code_pages_are_given_back_and_come_again) {
  const auto text = human_bytes(std::uint64_t{23} << 20);
  const auto before = resident_bytes();
  release_code_pages();
  EXPECT_LT(resident_bytes(), before);
  EXPECT_EQ(human_bytes(std::uint64_t{23} << 20), text);
}

TEST_F(memory, amounts_are_told_in_three_digits) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(512), "512 B");
  EXPECT_EQ(human_bytes(1000), "0.98 KiB");
  EXPECT_EQ(human_bytes(1536), "1.50 KiB");
  EXPECT_EQ(human_bytes(std::uint64_t{23} << 20), "23.0 MiB");
  EXPECT_EQ(human_bytes(std::uint64_t{400} << 30), "400 GiB");
  EXPECT_EQ(human_bytes(UINT64_MAX), "16.0 EiB");
}

}  // namespace
}  // namespace eunomia::core
