! Fit a line to numbers of which some are wrong, by gradient descent.
!
!     gfortran phone_calls.f90 $(pkg-config --libs mxloss) -o phone_calls && ./phone_calls
!
! phone_calls.py says what the numbers are.

module mxloss ! what of mxloss.h is used here
    use, intrinsic :: iso_c_binding
    implicit none
    integer(c_int), parameter :: mxl_l2 = 1, mxl_huber = 7
    integer(c_int32_t), parameter :: mxl_cpu = 1
    integer(c_int8_t), parameter :: mxl_float = 2

    type, bind(c) :: mxl_tensor
        type(c_ptr) :: data
        integer(c_int32_t) :: device_type, device_id, ndim
        integer(c_int8_t) :: code, bits
        integer(c_int16_t) :: lanes
        type(c_ptr) :: shape, strides
        integer(c_int64_t) :: byte_offset
    end type

    type, bind(c) :: mxl_options
        integer(c_int32_t) :: size, flags, batch_axis, axis
        real(c_double) :: weight, rho, margin, epsilon, smoothing_parameter
        integer(c_int64_t) :: reserved(9)
    end type

    type, bind(c) :: mxl_error
        integer(c_int32_t) :: status, arg
        character(kind=c_char) :: message(504)
    end type

    type, bind(c) :: mxl_exec
        integer(c_int32_t) :: size, num_threads
        type(c_ptr) :: error
    end type

    interface
        function mxl_defaults(loss, options) bind(c) result(status)
            import
            integer(c_int), value :: loss
            type(mxl_options), intent(out) :: options
            integer(c_int) :: status
        end function

        function mxl_run(loss, options, n_inputs, inputs, head_grad, value, grads, exec) &
            bind(c) result(status)
            import
            integer(c_int), value :: loss
            type(mxl_options), intent(in) :: options
            integer(c_int32_t), value :: n_inputs
            type(c_ptr), intent(in) :: inputs(*), grads(*)
            type(c_ptr), value :: head_grad
            type(mxl_tensor), intent(inout) :: value
            type(mxl_exec), intent(in) :: exec
            integer(c_int) :: status
        end function
    end interface

contains

    function vector(numbers, length) result(tensor)
        real(c_double), target, intent(in) :: numbers(:)
        integer(c_int64_t), target, intent(in) :: length
        type(mxl_tensor) :: tensor
        tensor = mxl_tensor(c_loc(numbers), mxl_cpu, 0, 1, mxl_float, 64_c_int8_t, 1_c_int16_t, &
            c_loc(length), c_null_ptr, 0)
    end function
end module

program phone_calls
    use mxloss
    use, intrinsic :: iso_fortran_env, only: error_unit
    implicit none
    integer, parameter :: years = 24
    real(c_double), target :: calls(years) = [ &
        4.4d0, 4.7d0, 4.7d0, 5.9d0, 6.6d0, 7.3d0, 8.1d0, 8.8d0, 10.6d0, 12.0d0, 13.5d0, 14.9d0, &
        16.1d0, 21.2d0, 119.0d0, 124.0d0, 142.0d0, 159.0d0, 182.0d0, 212.0d0, 43.0d0, 24.0d0, &
        27.0d0, 29.0d0]
    real(c_double) :: value(years)
    type(mxl_options) :: options
    integer :: i, status

    status = mxl_defaults(mxl_l2, options)
    call fit('L2Loss', mxl_l2, options, value)
    status = mxl_defaults(mxl_huber, options)
    options%rho = 2
    call fit('HuberLoss', mxl_huber, options, value)
    print '(a, *(i5))', 'more than 10 off:', pack([(1950 + i, i = 0, years - 1)], value > 9)

contains

    subroutine fit(name, loss, options, value) ! print the line; value receives each year's loss
        character(*), intent(in) :: name
        integer(c_int), intent(in) :: loss
        type(mxl_options), intent(in) :: options
        real(c_double), target, intent(out) :: value(years)
        real(c_double), target :: pred(years), gradient(years)
        real(c_double) :: decades(years), a, b, da, db
        integer(c_int64_t), target :: length = years
        type(mxl_tensor), target :: p, z, g
        type(mxl_tensor) :: v
        type(mxl_error), target :: error
        type(mxl_exec) :: exec
        integer :: step, i

        decades = [(i / 10.0d0, i = 0, years - 1)]
        p = vector(pred, length)
        z = vector(calls, length)
        v = vector(value, length)
        g = vector(gradient, length)
        exec = mxl_exec(int(c_sizeof(exec), c_int32_t), 0, c_loc(error))
        a = 0
        b = 0
        do step = 1, 2000
            pred = a + b * decades
            if (mxl_run(loss, options, 2, [c_loc(p), c_loc(z)], c_null_ptr, v, &
                [c_loc(g), c_null_ptr], exec) /= 0) then ! no gradient of the label
                write (error_unit, '(504a)') error%message(:findloc(error%message, c_null_char, 1) - 1)
                stop 1
            end if
            da = 0
            db = 0
            do i = 1, years
                da = da + gradient(i)
                db = db + gradient(i) * decades(i)
            end do
            a = a - 0.5d0 * da / years
            b = b - 0.5d0 * db / years
        end do
        print '(a10, a, f6.3, a, f6.3, a, z16.16, 1x, z16.16)', [character(10) :: name], &
            ' calls = ', a, ' + ', b, ' per decade  ', transfer(a, 0_c_int64_t), transfer(b, 0_c_int64_t)
    end subroutine
end program
