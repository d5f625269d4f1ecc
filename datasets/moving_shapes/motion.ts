/**
 * Smooth random motion: an affine map of the plane that changes with time.
 *
 * Every parameter swings along a slow sine from 0 at time 0. Over a few frames that is a constant
 * velocity with a small acceleration; over many the motion slows, turns and comes back.
 *
 * @module
 */
import type { RandomStream } from "../../base/random.ts";
import { type Affine, compose, rotation } from "../../base/affine.ts";

/** A parameter over time: amplitude (sin(frequency t + phase) - sin(phase)). */
export interface Swing {
  /** In the parameter's unit. */
  readonly amplitude: number;
  /** Radians a frame. */
  readonly frequency: number;
  /** Radians. */
  readonly phase: number;
}

/** A random motion about the origin, the identity at time 0. */
export interface Motion {
  /** Pixels. */
  readonly x: Swing;
  /** Pixels. */
  readonly y: Swing;
  /** Radians. */
  readonly angle: Swing;
  /** Logarithm of the scale. */
  readonly zoom: Swing;
  /** Logarithm of the aspect ratio's square root. */
  readonly stretch: Swing;
  /** Tangent of the shear angle. */
  readonly shear: Swing;
}

/** Highest rates of change of a motion's parameters, each per frame. */
export interface Rates {
  /** Pixels. */
  readonly speed: number;
  /** Radians. */
  readonly turn: number;
  /** Logarithm of scale. */
  readonly zoom: number;
  /** Logarithm of aspect, and shear. */
  readonly deform: number;
}

/** Draws a motion that moves in a random direction and turns, zooms and deforms at random. */
export function drawMotion(rates: Rates, random: RandomStream): Motion {
  const swing = (rate: number): Swing => {
    const frequency = 2 * Math.PI / (12 * 7 ** random.uniform());
    return { amplitude: rate / frequency, frequency, phase: random.uniform(0, 2 * Math.PI) };
  };
  const anyway = (rate: number) => rate * Math.max(-2, Math.min(2, random.normal()));
  const direction = random.uniform(0, 2 * Math.PI);
  return {
    x: swing(rates.speed * Math.cos(direction)),
    y: swing(rates.speed * Math.sin(direction)),
    angle: swing(anyway(rates.turn)),
    zoom: swing(anyway(rates.zoom)),
    stretch: swing(anyway(rates.deform)),
    shear: swing(anyway(rates.deform)),
  };
}

/** Where a motion, slowed down to `strength` (0 none … 1 as drawn), has taken the plane at `time`. */
export function motionAt(motion: Motion, strength: number, time: number): Affine {
  const at = ({ amplitude, frequency, phase }: Swing) =>
    strength * amplitude * (Math.sin(frequency * time + phase) - Math.sin(phase));
  const scale = Math.exp(at(motion.zoom)), aspect = Math.exp(at(motion.stretch));
  const deform: Affine = [scale * aspect, scale * at(motion.shear), 0, 0, scale / aspect, 0];
  const [a, b, , d, e] = compose(rotation(at(motion.angle)), deform);
  return [a, b, at(motion.x), d, e, at(motion.y)];
}
