// The peer: the smallest three.js page that shows one GLB, with the settings that are kindest to it.
import { HemisphereLight, PerspectiveCamera, Scene, WebGLRenderer } from 'three';
import { DRACOLoader } from 'three/addons/loaders/DRACOLoader.js';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';

const { position, rotation } = JSON.parse(document.getElementById('eye').textContent);
const renderer = new WebGLRenderer({ antialias: false });
renderer.setSize(innerWidth, innerHeight);
renderer.setClearColor('#cfdbe6');
document.body.append(renderer.domElement);
const scene = new Scene();
scene.add(new HemisphereLight(0xffffff, 0xd8d2c8, 3));
const camera = new PerspectiveCamera(68, innerWidth / innerHeight, 0.06, 160);
camera.position.fromArray(position);
camera.quaternion.fromArray(rotation);
const loader = new GLTFLoader().setDRACOLoader(new DRACOLoader().setDecoderPath('/draco/').preload());
loader.load('/scene.glb', (gltf) => scene.add(gltf.scene));
renderer.setAnimationLoop(() => renderer.render(scene, camera));
