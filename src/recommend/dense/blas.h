#pragma once

#include <cblas.h>

#include <cstddef>

// The few BLAS and LAPACK routines in use, by overload for float and double, on row-major matrices. OpenBLAS must run
// each call in the calling thread: use_one_thread() before the first.

extern "C" {  // named by LAPACK: NOLINTBEGIN(readability-identifier-naming)
void spotrf_(const char* uplo, const int* n, float* a, const int* lda, int* info);
void dpotrf_(const char* uplo, const int* n, double* a, const int* lda, int* info);
void spotri_(const char* uplo, const int* n, float* a, const int* lda, int* info);
void dpotri_(const char* uplo, const int* n, double* a, const int* lda, int* info);
}  // NOLINTEND(readability-identifier-naming)

namespace eunomia::recommend::dense::blas {

// Once, for the process. Threads of OpenBLAS's own under ours make both slower, and the order of sums would depend on
// their number.
inline void use_one_thread() {
  static const bool done = [] {
    openblas_set_num_threads(1);
    return true;
  }();
  (void)done;
}

enum class form { plain, transposed };
inline CBLAS_TRANSPOSE cblas(form f) {
  return f == form::plain ? CblasNoTrans : CblasTrans;
}

// c [m x n] = alpha * op(a) [m x k] * op(b) [k x n] + beta * c
inline void gemm(form ta, form tb, int m, int n, int k, float alpha, const float* a, int lda, const float* b, int ldb,
                 float beta, float* c, int ldc) {
  cblas_sgemm(CblasRowMajor, cblas(ta), cblas(tb), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
inline void gemm(form ta, form tb, int m, int n, int k, double alpha, const double* a, int lda, const double* b,
                 int ldb, double beta, double* c, int ldc) {
  cblas_dgemm(CblasRowMajor, cblas(ta), cblas(tb), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

// x [m x n] = x * r^-T, r [n x n] lower triangular.
inline void solve_right_transposed(int m, int n, const float* r, int ldr, float* x, int ldx) {
  cblas_strsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, m, n, 1, r, ldr, x, ldx);
}
inline void solve_right_transposed(int m, int n, const double* r, int ldr, double* x, int ldx) {
  cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, m, n, 1, r, ldr, x, ldx);
}

// The Cholesky factor, and from it the inverse, of a symmetric positive definite matrix [n x n] in place of its lower
// half (LAPACK's upper one of its column-major view). False when it is not positive definite in this precision.
inline bool cholesky(int n, float* a, int lda) {
  int info = 0;
  spotrf_("U", &n, a, &lda, &info);
  return info == 0;
}
inline bool cholesky(int n, double* a, int lda) {
  int info = 0;
  dpotrf_("U", &n, a, &lda, &info);
  return info == 0;
}
inline bool inverse_from_cholesky(int n, float* a, int lda) {
  int info = 0;
  spotri_("U", &n, a, &lda, &info);
  return info == 0;
}
inline bool inverse_from_cholesky(int n, double* a, int lda) {
  int info = 0;
  dpotri_("U", &n, a, &lda, &info);
  return info == 0;
}

}  // namespace eunomia::recommend::dense::blas
