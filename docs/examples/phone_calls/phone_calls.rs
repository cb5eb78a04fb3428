//! Fit a line to numbers of which some are wrong, by gradient descent.
//!
//!     rustc -O phone_calls.rs $(pkg-config --libs mxloss)
//!
//! phone_calls.py says what the numbers are.

use std::ffi::CStr;
use std::os::raw::{c_char, c_void};
use std::ptr;

/// What of mxloss.h is used here.
mod mxloss {
    use super::{c_char, c_void};

    pub const L2: i32 = 1;
    pub const HUBER: i32 = 7;
    pub const CPU: i32 = 1;
    pub const FLOAT: u8 = 2;

    #[repr(C)]
    pub struct Tensor {
        pub data: *mut c_void,
        pub device_type: i32,
        pub device_id: i32,
        pub ndim: i32,
        pub code: u8,
        pub bits: u8,
        pub lanes: u16,
        pub shape: *const i64,
        pub strides: *const i64,
        pub byte_offset: u64,
    }

    #[repr(C)]
    #[derive(Default)]
    pub struct Options {
        pub size: u32,
        pub flags: u32,
        pub batch_axis: i32,
        pub axis: i32,
        pub weight: f64,
        pub rho: f64,
        pub margin: f64,
        pub epsilon: f64,
        pub smoothing_parameter: f64,
        pub reserved: [u64; 9],
    }

    #[repr(C)]
    pub struct Error {
        pub status: i32,
        pub arg: i32,
        pub message: [c_char; 504],
    }

    #[repr(C)]
    pub struct Exec {
        pub size: u32,
        pub num_threads: i32,
        pub error: *mut Error,
    }

    extern "C" {
        pub fn mxl_defaults(loss: i32, options: *mut Options) -> i32;
        pub fn mxl_run(
            loss: i32,
            options: *const Options,
            n_inputs: i32,
            inputs: *const *const Tensor,
            head_grad: *const Tensor,
            value: *mut Tensor,
            grads: *const *mut Tensor,
            exec: *const Exec,
        ) -> i32;
    }
}

struct Loss {
    which: i32,
    options: mxloss::Options,
}

impl Loss {
    fn new(which: i32) -> Loss {
        let mut options = mxloss::Options::default();
        unsafe { mxloss::mxl_defaults(which, &mut options) };
        Loss { which, options }
    }

    /// The loss of each element of `pred`, and its gradient.
    fn value_and_grad(&self, pred: &[f64], label: &[f64]) -> Result<(Vec<f64>, Vec<f64>), String> {
        let mut value = vec![0.0; pred.len()];
        let mut gradient = vec![0.0; pred.len()];
        let tensor = |data: *const f64, shape: &[i64; 1]| mxloss::Tensor {
            data: data as *mut c_void,
            device_type: mxloss::CPU,
            device_id: 0,
            ndim: 1,
            code: mxloss::FLOAT,
            bits: 64,
            lanes: 1,
            shape: shape.as_ptr(),
            strides: ptr::null(),
            byte_offset: 0,
        };
        let (n, m) = ([pred.len() as i64], [label.len() as i64]);
        let p = tensor(pred.as_ptr(), &n);
        let z = tensor(label.as_ptr(), &m);
        let mut v = tensor(value.as_mut_ptr(), &n);
        let mut g = tensor(gradient.as_mut_ptr(), &n);
        let inputs = [&p as *const _, &z as *const _];
        let grads = [&mut g as *mut _, ptr::null_mut()]; // not with respect to the label
        let mut error = mxloss::Error {
            status: 0,
            arg: 0,
            message: [0; 504],
        };
        let exec = mxloss::Exec {
            size: std::mem::size_of::<mxloss::Exec>() as u32,
            num_threads: 0,
            error: &mut error,
        };
        let status = unsafe {
            let (inputs, grads) = (inputs.as_ptr(), grads.as_ptr());
            mxloss::mxl_run(
                self.which,
                &self.options,
                2,
                inputs,
                ptr::null(),
                &mut v,
                grads,
                &exec,
            )
        };
        if status == 0 {
            Ok((value, gradient))
        } else {
            let message = unsafe { CStr::from_ptr(error.message.as_ptr()) };
            Err(message.to_string_lossy().into_owned())
        }
    }
}

const CALLS: [f64; 24] = [
    4.4, 4.7, 4.7, 5.9, 6.6, 7.3, 8.1, 8.8, 10.6, 12.0, 13.5, 14.9, 16.1, 21.2, 119.0, 124.0,
    142.0, 159.0, 182.0, 212.0, 43.0, 24.0, 27.0, 29.0,
];

/// Print the line; return the loss of each year.
fn fit(name: &str, loss: &Loss) -> Result<Vec<f64>, String> {
    let decades: Vec<f64> = (0..CALLS.len()).map(|i| i as f64 / 10.0).collect();
    let n = CALLS.len() as f64;
    let (mut a, mut b) = (0.0, 0.0);
    let mut value = Vec::new();
    for _ in 0..2000 {
        let pred: Vec<f64> = decades.iter().map(|x| a + b * x).collect();
        let result = loss.value_and_grad(&pred, &CALLS)?;
        let (mut da, mut db) = (0.0, 0.0);
        for (g, x) in result.1.iter().zip(&decades) {
            da += g;
            db += g * x;
        }
        a -= 0.5 * da / n;
        b -= 0.5 * db / n;
        value = result.0;
    }
    println!(
        "{name:<10} calls = {a:6.3} + {b:6.3} per decade  {:016X} {:016X}",
        a.to_bits(),
        b.to_bits()
    );
    Ok(value)
}

fn main() -> Result<(), String> {
    let mut huber = Loss::new(mxloss::HUBER);
    huber.options.rho = 2.0;

    fit("L2Loss", &Loss::new(mxloss::L2))?;
    let value = fit("HuberLoss", &huber)?;
    print!("more than 10 off:");
    for (i, v) in value.iter().enumerate() {
        if *v > 9.0 {
            print!(" {}", 1950 + i);
        }
    }
    println!();
    Ok(())
}
